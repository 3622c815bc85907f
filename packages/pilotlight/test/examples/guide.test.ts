import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ClaudeOptions, createClaude, PilotlightError } from "../../src/orchestrator.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const GUIDE = readFileSync(`${ROOT}docs/orchestrator.md`, "utf8");
const ROWS = GUIDE.split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim().replaceAll("`", "")),
  );

describe("docs/orchestrator.md", () => {
  const choices = ROWS.filter(([, , key]) => key === "yes" || key === "no");

  it("has its table of choices", () => {
    expect(choices.length).toBeGreaterThan(8);
  });

  it.each(choices)("is right about auth %s, backend %s, key %s", (...row) => {
    const [auth, backend, key, plain, more] = row;
    const given = { auth, ...(backend !== "not given" && { backend }) } as ClaudeOptions;
    const env: Record<string, string> =
      key === "yes" ? { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-guide" } : {};
    const claude = createClaude({ ...given, env });
    expect([planned(() => claude.plan())]).toEqual([plain]);
    for (const need of [{ tools: ["Read"] }, { session: "one" }]) {
      expect(planned(() => claude.plan(need))).toBe(more);
    }
  });

  it.each([
    ["src/orchestrator/settle.ts", "ClaudeOptions"],
    ["src/orchestrator/ask.ts", "Ask"],
  ])("has every field of %s, and no other", (file, name) => {
    const source = readFileSync(`${ROOT}packages/pilotlight/${file}`, "utf8");
    const body = new RegExp(`interface ${name}\\b[^{]*\\{(.*?)^\\}`, "ms").exec(source)?.[1] ?? "";
    const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field);
    const first = name === "Ask" ? "field" : "option";
    const start = ROWS.findIndex(([cell]) => cell === first) + 2;
    const table = ROWS.slice(start).map(([cell = ""]) => cell);
    const end = table.findIndex((cell) => !/^\w+$/.test(cell) || cell === "field");
    const told = end === -1 ? table : table.slice(0, end);
    expect(told).toEqual(fields.filter((field) => field !== "prompt"));
  });

  it("names files that are there", () => {
    const files = [...GUIDE.matchAll(/\]\(([^)#]+)/g)].map(([, file = ""]) => file);
    expect(files.filter((file) => !existsSync(`${ROOT}docs/${file}`))).toEqual([]);
  });
});

/** As the guide writes it: the backend and what pays, or the code of the refusal. */
function planned(plan: () => { readonly backend: string; readonly auth: string }): string {
  try {
    const { backend, auth } = plan();
    return `${backend} ${auth === "api-key" ? "key" : auth}`;
  } catch (error) {
    if (error instanceof PilotlightError) return error.code;
    throw error;
  }
}
