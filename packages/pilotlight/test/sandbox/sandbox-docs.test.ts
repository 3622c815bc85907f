import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAULTS } from "../../src/sandbox/index.ts";

const docs = readFileSync(new URL("../../../../docs/sandbox.md", import.meta.url), "utf8");

describe("docs/sandbox.md", () => {
  it("has one row for each fault and for no other", () => {
    const rows = [...docs.matchAll(/^\| `((?:token|messages)-[\w-]+)`/gm)].map(([, name]) =>
      String(name),
    );
    expect(rows.toSorted()).toEqual(Object.keys(FAULTS).toSorted());
  });
});
