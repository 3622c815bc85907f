import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recognise } from "../../src/core/recognise.ts";
import {
  type FailureReport,
  failureReport,
  type RunEvidence,
} from "../../src/core/run-evidence.ts";
import { RUN_ROWS } from "../../src/core/verdict-table.ts";

const evidence = (
  text: string | null,
  known: Partial<FailureReport> = {},
  more: Partial<RunEvidence> = {},
): RunEvidence => ({
  exit: 1,
  failure: text === null ? null : failureReport(text, known),
  stderr: "",
  isSilent: false,
  apiKeySource: null,
  isGateway: false,
  isStoreDead: false,
  ...more,
});

const codeOf = (seen: RunEvidence) => {
  const verdict = recognise(seen, NOW);
  return verdict.kind === "ok" ? "ok" : verdict.code;
};

const NOW = Date.UTC(2026, 10, 20, 12);

const TEXTS = RUN_ROWS.flatMap(({ examples }) => examples);

describe("recognition", () => {
  it("calls exit 0 without a failure ok, and exit 0 with nothing to show silent", () => {
    expect(codeOf(evidence(null, {}, { exit: 0 }))).toBe("ok");
    expect(codeOf(evidence(null, {}, { exit: 0, isSilent: true }))).toBe("silent_exit");
  });

  it("calls any other end without a word an unknown failure", () => {
    for (const exit of [1, null]) {
      expect(codeOf(evidence(null, {}, { exit }))).toBe("unknown_failure");
    }
  });

  it("lets a failure outrank exit 0", () => {
    expect(codeOf(evidence("x", { httpStatus: 401 }, { exit: 0 }))).toBe("auth_rejected");
  });

  it("calls what it does not know unknown, and shows it whole, without its tokens", () => {
    const text = "Something new happened to sk-ant-oat01-TEST-abc, Bearer TEST-secret";
    const verdict = recognise(evidence(text), NOW);
    expect(verdict).toMatchObject({
      code: "unknown_failure",
      text: "Something new happened to [secret], Bearer [secret]",
      row: { exit: "child" },
    });
  });

  it("tells a stale key of a disabled organisation from a rejected token, whatever the status", () => {
    const text = "API Error: 401 This organization has been disabled.";
    expect(codeOf(evidence(text, { httpStatus: 401 }))).toBe("account_problem");
  });

  it.each([
    ["API Error: 403 <!DOCTYPE html><title>Attention Required! | Cloudflare</title>", 403],
    ["API Error: 401 <html>Cloudflare</html>", 403],
    ["Request not allowed", 403],
  ])("never takes a page of an edge network for the end of a login: %s", (text, httpStatus) => {
    expect(codeOf(evidence(text, { httpStatus }))).toBe("edge_forbidden");
  });

  it("blames a gateway's refusal on the gateway", () => {
    const text = "Failed to authenticate. API Error: 401 Invalid bearer token";
    const seen = evidence(text, { httpStatus: 401 });
    expect(codeOf(seen)).toBe("auth_rejected");
    expect(codeOf({ ...seen, isGateway: true })).toBe("gateway_rejected");
  });

  it("takes the model error of an old build for a dead login only where the store is dead", () => {
    const text = "There's an issue with the selected model (opus). It may not exist";
    expect(codeOf(evidence(text))).toBe("job_failed");
    expect(codeOf(evidence(text, {}, { isStoreDead: true }))).toBe("auth_rejected");
  });

  it("tells when a limit ends, in the server's time or in Claude Code's words", () => {
    const resetsAt = 1_795_180_000_000;
    expect(recognise(evidence("", { httpStatus: 429, resetsAt }), NOW)).toMatchObject({
      code: "usage_limit",
      resetsAt,
    });
    const told = (text: string) => recognise(evidence(text), NOW, () => "America/New_York");
    expect(told("You've hit your session limit · resets 3:45pm (UTC)")).toMatchObject({
      resetsAt: Date.UTC(2026, 10, 20, 15, 45),
    });
    expect(told("You've hit your Opus limit · resets 3pm")).toMatchObject({
      resetsAt: Date.UTC(2026, 10, 20, 20),
    });
    expect(told("You've hit your weekly limit · resets Nov 24, 3pm (UTC)\n")).toMatchObject({
      resetsAt: Date.UTC(2026, 10, 24, 15),
    });
    expect(told("You've hit your weekly limit · resets next week")).toMatchObject({
      resetsAt: null,
    });
    expect(told("Claude AI usage limit reached|1795180000")).toMatchObject({
      code: "usage_limit",
      resetsAt,
    });
  });

  it.each([
    ['401 {"type":"error","request_id":"req_011CTEST"}', "req_011CTEST"],
    ["something (request id: req_011CTEST)", "req_011CTEST"],
    ["nothing of the kind", null],
  ])("finds the request id in %s", (text, requestId) => {
    expect(recognise(evidence(text), NOW)).toMatchObject({ requestId });
  });
});

describe("whatever else is known, and whatever the text says", () => {
  const names = fc.record({
    errorType: fc.constantFrom(null, "authentication_error", "permission_error", "api_error"),
    category: fc.constantFrom(null, "authentication_failed", "unknown", "oauth_org_not_allowed"),
    terminalReason: fc.constantFrom(null, "api_error", "completed"),
    resetsAt: fc.constantFrom(null, 1),
    isCertain: fc.boolean(),
  });

  it("a 429 is a limit and never an authentication failure", () => {
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS), names, (text, known) => {
        const code = codeOf(evidence(text, { ...known, httpStatus: 429 }));
        expect(["usage_limit", "overloaded"]).toContain(code);
      }),
    );
  });

  it("a page of an edge network never says anything of the login", () => {
    const page = "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title></html>";
    const statuses = fc.constantFrom(null, 401, 403, 429, 500, 503, 520);
    const openings = fc.constantFrom("", "API Error: 403 ", "API Error: 401 ");
    fc.assert(
      fc.property(openings, statuses, names, (opening, httpStatus, known) => {
        const code = codeOf(evidence(opening + page, { ...known, httpStatus }));
        const passing = ["edge_forbidden", "overloaded", "usage_limit", "api_unavailable"];
        expect(passing).toContain(code);
      }),
    );
  });

  it("mere text that begins as an answer would is unknown, whatever it quotes", () => {
    const words = fc.constantFrom(
      "The log says: ",
      "I think ",
      "Your token? ",
      "\u201C",
      "> ",
      "# ",
    );
    fc.assert(
      fc.property(words, fc.constantFrom(...TEXTS), (before, text) => {
        expect(codeOf(evidence(before + text, { isCertain: false }))).toBe("unknown_failure");
      }),
    );
  });

  it("mere text that goes on as an answer would is unknown", () => {
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS.filter((t) => !/<html/i.test(t))), (text) => {
        const answer = `${text}\n\nThat message means:\n- your login is over`;
        expect(codeOf(evidence(answer, { isCertain: false }))).toBe("unknown_failure");
      }),
    );
  });

  it("no token reaches the text that is shown", () => {
    const token = fc
      .stringMatching(/^[A-Za-z0-9_-]{8,90}$/)
      .map((tail) => `sk-ant-oat01-TEST${tail}`);
    fc.assert(
      fc.property(token, fc.constantFrom(...TEXTS), (secret, text) => {
        const seen = evidence(`${text} ${secret} "Bearer ${secret}\n" ${secret}`);
        const verdict = recognise(seen, NOW);
        expect(JSON.stringify(verdict)).not.toContain(secret.slice(8));
      }),
    );
  });
});
