import { describe, expect, it } from "vitest";
import { failureIn } from "../../../src/claude/staging/refresh-evidence.ts";

const FAILED = "[ERROR] OAuth refresh failed (expected): ";
const logOf = (...reasons: readonly string[]) =>
  [
    "2026-11-20T10:00:00.000Z [DEBUG] Starting",
    ...reasons.map((reason) => `2026-11-20T10:00:01.000Z ${FAILED}${reason}`),
    "2026-11-20T10:00:02.000Z [DEBUG] Done",
  ].join("\n");

const THROTTLED = "Request failed with status code 429";
const TIMEOUT = "timeout of 30000ms exceeded";
const REFUSED = "connect ECONNREFUSED 127.0.0.1:9";
const HANG_UP = "socket hang up";

describe("why a refresh stored nothing", () => {
  it.each([
    [THROTTLED, "throttled", "no"],
    [TIMEOUT, "in_doubt", "maybe"],
    [HANG_UP, "in_doubt", "maybe"],
    ["read ECONNRESET", "in_doubt", "maybe"],
    ["Request failed with status code 502", "in_doubt", "maybe"],
    ["Request failed with status code 504", "in_doubt", "maybe"],
    ["Request failed with status code 503", "endpoint_unavailable", "no"],
    ["Request failed with status code 403", "edge_forbidden", "no"],
    [REFUSED, "network_unavailable", "no"],
    ["getaddrinfo ENOTFOUND platform.claude.com", "network_unavailable", "no"],
    ["unable to verify the first certificate", "network_unavailable", "no"],
    ["self-signed certificate in certificate chain", "network_unavailable", "no"],
    ["something never seen before", "refresh_unknown", "maybe"],
    ["Request failed with status code 400", "refresh_unknown", "maybe"],
  ])("%s is %s, spent: %s", (reason, code, spent) => {
    const result = failureIn(logOf(reason));
    expect(result).toMatchObject({ kind: "failed", code, spent, retryAfter: null });
    expect(result).toHaveProperty("detail", expect.stringContaining(reason));
  });

  it.each([
    ["no log was written", null],
    ["the log is empty", ""],
    ["the log says nothing of a refresh", logOf()],
    ["only an unrelated line names a status", "[ERROR] Request failed with status code 429"],
  ])("is unknown, and maybe spent, when %s", (_name, log) => {
    expect(failureIn(log)).toMatchObject({ code: "refresh_unknown", spent: "maybe" });
  });

  it.each([
    ["a lost answer outweighs a refusal", [THROTTLED, TIMEOUT, THROTTLED], "in_doubt", "maybe"],
    ["a lost answer outweighs no connection", [REFUSED, HANG_UP], "in_doubt", "maybe"],
    ["a lost answer outweighs the unknown", ["odd", TIMEOUT], "in_doubt", "maybe"],
    ["the unknown outweighs a refusal", [THROTTLED, "odd"], "refresh_unknown", "maybe"],
    ["the unknown outweighs no connection", ["odd", REFUSED], "refresh_unknown", "maybe"],
    ["a throttle outweighs no connection", [REFUSED, THROTTLED], "throttled", "no"],
    ["the same six times is that", Array<string>(6).fill(THROTTLED), "throttled", "no"],
  ])("takes the worst of several tries: %s", (_name, reasons, code, spent) => {
    expect(failureIn(logOf(...reasons))).toMatchObject({ code, spent });
  });

  it("quotes only so much of a long line", () => {
    const result = failureIn(logOf(`${HANG_UP} ${"x".repeat(5000)}`));
    if (result.kind !== "failed") throw new Error("it is a failure");
    expect(result.detail.length).toBeLessThan(300);
  });
});
