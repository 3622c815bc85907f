import { describe, expect, it } from "vitest";
import { type ErrorCode, TRAITS } from "../../src/core/errors.ts";
import { exitOf, type Outcome } from "../../src/core/outcome.ts";
import { credential } from "./credential-fixture.ts";

const from = { access: null, refresh: null };
const good = credential();
const CODES = Object.keys(TRAITS) as ErrorCode[];

describe("the exit status of an outcome", () => {
  it.each<[string, Outcome, number]>([
    ["refreshed", { kind: "refreshed", from, credential: good }, 0],
    ["adopted", { kind: "adopted", from, credential: good }, 0],
    ["unchanged, fresh", { kind: "unchanged", reason: "fresh", credential: good }, 0],
    ["unchanged, logged out", { kind: "unchanged", reason: "logged_out", credential: null }, 66],
    ["deferred", { kind: "deferred", code: "throttled", detail: "", until: null }, 75],
    ["deferred", { kind: "deferred", code: "network_unavailable", detail: "", until: 1 }, 69],
    ["in doubt", { kind: "in_doubt", code: "in_doubt", detail: "", since: 1 }, 75],
    ["dead", { kind: "dead", code: "login_ended", detail: "" }, 77],
  ])("%s", (_name, outcome, exit) => {
    expect(exitOf(outcome)).toBe(exit);
  });

  it.each(CODES)("is that of its code when it has one: %s", (code) => {
    const { exit } = TRAITS[code];
    expect(exitOf({ kind: "deferred", code, detail: "", until: null })).toBe(exit);
    expect(exitOf({ kind: "in_doubt", code, detail: "", since: 0 })).toBe(exit);
    expect(exitOf({ kind: "dead", code, detail: "" })).toBe(exit);
  });
});
