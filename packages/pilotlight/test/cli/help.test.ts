import { describe, expect, it } from "vitest";
import { DOCTOR_CHECKS } from "../../src/cli/doctor/doctor-checks.ts";
import { ONLINE_CHECKS } from "../../src/cli/doctor/online/online-checks.ts";
import { type ErrorCode, TRAITS } from "../../src/core/errors.ts";
import { errorPage } from "../../src/core/error-page.ts";
import { FAILURE_MODES } from "../../src/core/failure-modes.ts";
import { VERDICTS } from "../../src/core/verdict-catalogue.ts";
import { VERDICT_TABLE } from "../../src/core/verdict-table.ts";
import { runHere } from "./run-here.ts";

const CODES = Object.keys(TRAITS) as ErrorCode[];

async function help(...topic: readonly string[]) {
  const { exit, out, err } = await runHere(["help", ...topic], {});
  expect([exit, err]).toEqual([0, ""]);
  return out;
}

describe("help on a topic", () => {
  it.each(CODES)("says of %s why, how to tell and what to do in each case", async (code) => {
    const { why, tell, verdicts } = errorPage(code);
    const out = await help(code);
    for (const text of [why, tell, ...verdicts.flatMap(({ steps }) => steps)]) {
      expect(out).toContain(text);
    }
    const page = JSON.parse(await help(code, "--json")) as object;
    expect(page).toMatchObject({ why, tell, verdicts: verdicts.map(({ id }) => id) });
  });

  it.each(VERDICT_TABLE)("shows the verdict $id", async (row) => {
    const out = await help(row.id);
    for (const text of [...row.examples, ...row.steps, row.code]) expect(out).toContain(text);
    expect(JSON.parse(await help(row.id, "--json"))).toEqual({
      schema: "pilotlight.help/v1",
      verdict: row,
    });
  });

  it.each(FAILURE_MODES)("shows how $fm is seen", async ({ fm, title }) => {
    const out = await help(fm.toLowerCase());
    const rows = VERDICT_TABLE.filter((row) => row.fm.includes(fm));
    const checks = [...DOCTOR_CHECKS, ...ONLINE_CHECKS].filter((check) => check.fm.includes(fm));
    const ids = { verdicts: rows.map(({ id }) => id), checks: checks.map(({ id }) => id) };
    for (const text of [title, ...ids.verdicts, ...ids.checks]) expect(out).toContain(text);
    expect(JSON.parse(await help(fm, "--json"))).toMatchObject({ fm, title, ...ids });
  });

  it("hands out the whole table to machines", async () => {
    expect(JSON.parse(await help("--json"))).toEqual(VERDICTS);
  });
});
