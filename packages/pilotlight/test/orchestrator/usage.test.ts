import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Fields } from "../../src/core/json-object.ts";
import { usageFrom, usageOnWire } from "../../src/orchestrator/usage.ts";

const FOLDER = join(import.meta.dirname, "recorded");

/** What a backend said of an answer, with another number in each place: most are 0 in a sandbox. */
function recorded(file: string): { readonly usage: Fields; readonly modelUsage?: Fields } {
  let next = 1;
  const text = readFileSync(join(FOLDER, file), "utf8");
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === "number" ? next++ : value,
  ) as {
    usage: Fields;
    modelUsage?: Fields;
  };
}

describe("usage", () => {
  it.each(readdirSync(FOLDER))("of %s comes into one shape, and back", (file) => {
    const said = recorded(file);
    const ours = usageFrom(said.usage, said.modelUsage);
    const back = usageOnWire(ours);
    const { service_tier: tier = null } = said.usage;
    expect({ ...said.usage, service_tier: tier }).toMatchObject(back.usage);
    expect(said.modelUsage ?? {}).toMatchObject(back.modelUsage);
    expect(usageFrom(back.usage, back.modelUsage)).toEqual(ours);
    expect(ours.inputTokens).toBe(said.usage["input_tokens"]);
    expect(Object.keys(ours.models)).toEqual(Object.keys(said.modelUsage ?? {}));
    expect(JSON.stringify(ours)).not.toMatch(/_tokens|USD/);
  });

  it("leaves the names of models as they are", () => {
    const { models } = usageFrom({}, { "my_model-1[1m]": { inputTokens: 1, costUSD: 0.5 } });
    expect(models["my_model-1[1m]"]).toMatchObject({ inputTokens: 1, costUsd: 0.5 });
  });

  it.each([null, undefined, "odd", { input_tokens: "9", output_tokens: Number.NaN }])(
    "is nothing where the source says %j",
    (said) => {
      expect(usageFrom(said)).toMatchObject({ inputTokens: 0, outputTokens: 0, models: {} });
    },
  );
});
