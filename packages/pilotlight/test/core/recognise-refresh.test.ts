import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Facts } from "../../src/core/find-row.ts";
import { failedGrant, recogniseRefresh, worstOf } from "../../src/core/recognise-refresh.ts";
import { REFRESH_ROWS } from "../../src/core/verdicts/refresh-rows.ts";

const answered = (httpStatus: number, more: Facts = {}): Facts => ({
  via: "endpoint",
  isAnswered: true,
  httpStatus,
  body: "json",
  ...more,
});

const CASES: readonly (readonly [id: string, facts: Facts])[] = [
  ["refresh-still-running", { via: "cli", isRunning: true }],
  ["refresh-throttled", answered(429, { oauthError: "invalid_grant" })],
  ["grant-rejected", answered(400, { oauthError: "invalid_grant" })],
  ["refresh-edge-forbidden", answered(403, { body: "other" })],
  ["endpoint-refused", answered(403)],
  ["refresh-gateway-gave-up", answered(502, { body: "other" })],
  ["refresh-answer-unreadable", { via: "endpoint", isHollow: true }],
  ["refresh-answer-lost", { via: "cli", cause: "read ECONNRESET" }],
  ["refresh-endpoint-failing", answered(500, { oauthError: "invalid_grant" })],
  ["refresh-not-sent", { via: "endpoint", isAnswered: false, errno: "ENOTFOUND" }],
  ["refresh-connection-broken", { via: "endpoint", isAnswered: false, errno: "ECONNRESET" }],
  ["refresh-untold", { via: "cli" }],
];

describe("a refresh that brought no token", () => {
  it.each(CASES)("is %s", (id, facts) => {
    expect(recogniseRefresh(facts).id).toBe(id);
  });

  it("has a case for every row here", () => {
    expect(CASES.map(([id]) => id)).toEqual(REFRESH_ROWS.map(({ id }) => id));
  });

  it("ends a login for invalid_grant with 400 or 401, and for nothing else", () => {
    const errors = fc.constantFrom(null, "invalid_grant", "invalid_request", "slow_down");
    const bodies = fc.constantFrom<"json" | "other">("json", "other");
    const vias = fc.constantFrom<"cli" | "endpoint">("cli", "endpoint");
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        errors,
        bodies,
        vias,
        (httpStatus, oauthError, body, via) => {
          const row = recogniseRefresh(answered(httpStatus, { oauthError, body, via }));
          const isEnd = oauthError === "invalid_grant" && [400, 401].includes(httpStatus);
          expect(row.grant === "ended").toBe(isEnd);
          if (httpStatus === 429) expect(row.code).toBe("throttled");
        },
      ),
    );
  });

  it("is as bad as its worst try, a doubt first, whatever their order", () => {
    const rows = fc.array(fc.constantFrom(...REFRESH_ROWS), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, (tries) => {
        const worst = worstOf(tries);
        expect(worstOf(tries.toReversed())).toBe(worst);
        expect(tries).toContain(worst);
        const isDoubt = tries.some(({ grant }) => grant === "in_doubt");
        expect(worst?.grant === "in_doubt").toBe(isDoubt);
      }),
    );
    expect(worstOf([])).toBeNull();
  });

  it.each(REFRESH_ROWS)("reports what became of the refresh token: $id", (row) => {
    const result = failedGrant(row, "why", 30_000);
    if (row.grant === "ended") expect(result).toEqual({ kind: "rejected", detail: "why" });
    else {
      const spent = row.grant === "stands" ? "no" : "maybe";
      const rest = { code: row.code, detail: "why", retryAfter: 30_000 };
      expect(result).toEqual({ kind: "failed", spent, ...rest });
    }
  });
});
