import { describe, expect, it } from "vitest";
import type { JobResult } from "../../../src/sandbox/drill/play.ts";
import { printReport } from "../../../src/sandbox/drill/print-report.ts";
import { tally, wrongEnds } from "../../../src/sandbox/drill/tally.ts";

const REFUSED = { exit: 73, why: "the disk is full" };
const LOUD = "pilotlight: cannot_persist: it could not be kept";

function job(facts: Partial<JobResult>): JobResult {
  const common = { hour: 1, what: "an hour", job: 1, refused: null };
  return facts.succeeded === false
    ? { ...common, exit: 1, isSilent: false, reason: "no", succeeded: false, ...facts }
    : { ...common, exit: 0, isSilent: false, reason: null, succeeded: true, ...facts };
}

const failed = (facts: Partial<JobResult>) => job({ succeeded: false, ...facts });
const played = (jobs: readonly JobResult[]) => ({
  jobs,
  lost: [],
  survived: [],
  grants: 0,
  doubleSpends: 0,
});

describe("the tally of a night", () => {
  it("counts what succeeded, what could have, and what failed without a word", () => {
    const jobs = [
      job({}),
      job({ refused: REFUSED }),
      failed({ isSilent: true }),
      failed({ refused: REFUSED }),
    ];
    const lost = [{ hour: 2, what: "a kill" }];
    const side = tally({ jobs, lost, survived: [], grants: 7, doubleSpends: 2 });
    expect(side).toMatchObject({
      jobs: 4,
      could: 2,
      succeeded: 2,
      silentFailures: 1,
      grants: 7,
      doubleSpends: 2,
      lostLogins: 1,
    });
    expect(side.failures).toEqual([jobs[2], jobs[3]]);
    expect(side.lucky).toEqual([jobs[1]]);
  });

  it("finds nothing wrong with a refusal that says why, with its code", () => {
    const side = tally(played([job({}), failed({ refused: REFUSED, exit: 73, reason: LOUD })]));
    expect(wrongEnds(side)).toEqual([]);
  });

  it.each([
    ["a failure that nothing excuses", { reason: LOUD, exit: 73 }],
    ["a refusal with another code", { refused: REFUSED, exit: 70, reason: LOUD }],
    ["a refusal in somebody else's words", { refused: REFUSED, exit: 73, reason: "oops" }],
    ["a refusal without a word", { refused: REFUSED, exit: 73, reason: LOUD, isSilent: true }],
  ])("finds %s", (_name, facts) => {
    const wrong = failed(facts);
    expect(wrongEnds(tally(played([job({}), wrong])))).toEqual([wrong]);
  });
});

describe("the printed report", () => {
  const side = tally({
    jobs: [
      job({}),
      failed({ job: 1, isSilent: true, reason: "Failed to authenticate" }),
      failed({ job: 2, isSilent: true, reason: "Failed to authenticate" }),
      job({ hour: 4, refused: REFUSED }),
    ],
    lost: [],
    survived: [],
    grants: 3,
    doubleSpends: 0,
  });
  const text = printReport({
    schema: "pilotlight.drill/v1",
    ok: true,
    claude: "stand-in",
    hours: 4,
    durationMs: 61_400,
    notRehearsed: [{ hour: 9, what: "a full disk", why: "no mounts" }],
    builds: [{ build: "2.1.329", with: tally(played([job({}), job({})])), without: side }],
  });

  it("has one row for each count, with and without", () => {
    expect(text).toMatch(/^Pilotlight +with +without$/m);
    expect(text).toMatch(/^succeeded +2 +2$/m);
    expect(text).toMatch(/^silent failures +0 +2$/m);
    expect(text).toMatch(/^grants +0 +3$/m);
  });

  it("gives the reason of failures once for jobs that ended alike", () => {
    expect(text).toContain(
      "hour 1, an hour: 2 jobs, exit 1, silent\n      Failed to authenticate\n",
    );
    expect(text).not.toContain("with Pilotlight, what failed");
  });

  it("admits what went well where Pilotlight refuses, and what was not rehearsed", () => {
    expect(text).toContain("hour 4, an hour: it came through");
    expect(text).toContain("not rehearsed here: hour 9, a full disk: no mounts");
  });

  it("ends with three commands for one's own login", () => {
    const commands = text.split("\n").filter((line) => line.startsWith("  $ pilotlight "));
    expect(commands).toHaveLength(3);
  });
});
