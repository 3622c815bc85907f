import { describe, expect, it } from "vitest";
import { troubleOf } from "../../../src/cli/drill/trouble-of.ts";
import type { HistoryEntry } from "../../../src/stores/history-entry.ts";
import { NOW } from "../../http/small-keeper.ts";

/** So many ms ago. */
function noted(ago: number, code: string, kind: HistoryEntry["kind"] = "refresh"): HistoryEntry {
  const nothing = { exit: null, durationMs: null, from: null, to: null, requestId: null };
  return { at: NOW - ago, login: "default", kind, code, ...nothing, detail: `it was ${code}` };
}

describe("the trouble of a drill's login", () => {
  it.each<[string, readonly HistoryEntry[], number | null]>([
    ["nothing was tried", [], null],
    ["the last renewal came", [noted(1, "refreshed"), noted(2, "throttled")], null],
    ["somebody else brought it", [noted(1, "adopted"), noted(2, "in_doubt")], null],
    ["only a job failed", [noted(1, "store_read_only", "run")], null],
    ["a renewal came that is not written down yet", [noted(5, "throttled")], NOW - 4],
  ])("is none where %s", (_, entries, renewedAt) => {
    expect(troubleOf(entries, renewedAt)).toBe(null);
  });

  it("is the newest failure since the last renewal, with how many there were", () => {
    const entries = [
      noted(1, "ok", "run"),
      noted(2, "edge_forbidden"),
      noted(3, "throttled"),
      noted(4, "refreshed"),
      noted(5, "in_doubt"),
    ];
    expect(troubleOf(entries, NOW - 4)).toEqual({
      code: "edge_forbidden",
      detail: "it was edge_forbidden",
      since: NOW - 3,
      failures: 2,
    });
  });

  it("goes back to the begin where none ever came", () => {
    const entries = [noted(1, "throttled"), noted(2, "throttled")];
    expect(troubleOf(entries, null)).toMatchObject({ since: NOW - 2, failures: 2 });
  });
});
