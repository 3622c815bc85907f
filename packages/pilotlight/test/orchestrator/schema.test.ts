import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Schema, wanted } from "../../src/orchestrator/schema.ts";

describe("a schema", () => {
  it("of zod says itself as JSON Schema, without a dialect, and makes its own output", async () => {
    const schema = wanted(z.object({ day: z.string().transform((day) => day.length) }));
    expect(schema.jsonSchema).toMatchObject({ type: "object", required: ["day"] });
    expect(schema.jsonSchema).not.toHaveProperty("$schema");
    expect(await schema.check({ day: "Monday" })).toEqual({ value: { day: 6 } });
  });

  it("that is a JSON Schema is one, too", async () => {
    const properties = { list: { type: "array", items: { type: "integer" } } };
    const schema = wanted({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties,
    });
    expect(schema.jsonSchema).toEqual({ type: "object", properties });
    expect(await schema.check({ list: [1, 2] })).toEqual({ value: { list: [1, 2] } });
    expect(await schema.check({ list: [1, "b"] })).toEqual({
      trouble: expect.stringMatching(/^it does not fit the schema: list\.1: /),
    });
  });

  it.each<[string, Schema]>([
    [
      "of an older zod",
      { "~standard": { version: 1, vendor: "old", validate: () => ({ value: 1 }) } },
    ],
    ["of no known type", { type: "no-such-type" }],
  ])("%s is refused before anything is sent", (_what, schema) => {
    expect(() => wanted(schema)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
