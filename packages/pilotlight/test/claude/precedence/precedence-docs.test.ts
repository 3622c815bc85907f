import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CHANGES } from "../../../src/claude/build/build-rules.ts";
import { rankSources, type World } from "../../../src/claude/precedence/precedence.ts";

const DOC = readFileSync(new URL("../../../../../docs/precedence.md", import.meta.url), "utf8");

/** The rows of the table under a heading, without its head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = DOC.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

/** A world in which these sources are there. */
function worldOf(names: readonly string[]): World {
  return {
    env: Object.fromEntries(names.map((name) => [name, "1"])),
    settings: { env: {}, apiKeyHelper: names.includes("apiKeyHelper") ? "echo TEST" : null },
    stored: names.includes("claude-file") ? "claude-file" : null,
    hasManagedKey: names.includes("primaryApiKey"),
  };
}

it("ranks the sources as the code does", () => {
  const rows = tableUnder("The order");
  expect(rows).toHaveLength(14);
  const [rest, fallback] = [rows.slice(0, -1), rows.at(-1)];
  const names = rest.map(([, , what = ""]) => namesIn(what)[0] ?? "claude-file");
  const told = (all: readonly (readonly string[])[]) =>
    all.map(([, source = "", , billing]) => [namesIn(source)[0], billing]);
  const found = (world: World) =>
    rankSources(world).candidates.map(({ source, billing }) => [source, billing]);
  // A Console key changes its rank beside a profile, as the page says: each is ranked without the other.
  for (const left of ["ANTHROPIC_PROFILE", "primaryApiKey"]) {
    const here = rest.filter((_row, index) => names[index] !== left);
    expect(found(worldOf(names.filter((name) => name !== left)))).toEqual(told(here));
  }
  const last = { ...worldOf(["claude-file", "primaryApiKey"]), profile: "fallback" } as const;
  expect(found(last)).toEqual(told([...rows.slice(11, 13), fallback ?? []]));
});

it("sends what the code sends", () => {
  const rows = tableUnder("What is sent");
  expect(rows.length).toBeGreaterThan(10);
  for (const [set = "", bearer, key] of rows) {
    const headers = [bearer === "" ? [] : "authorization", key === "" ? [] : "x-api-key"].flat();
    expect([set, rankSources(worldOf(namesIn(set))).headers]).toEqual([set, headers]);
  }
});

it("lists every difference between builds that the code knows", () => {
  const listed = tableUnder("Where builds differ");
  const known = Object.values(CHANGES).map(({ what, since, notIn }) => [what, since, notIn]);
  expect(listed).toEqual(known);
});
