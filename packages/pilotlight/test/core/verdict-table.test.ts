import { describe, expect, it } from "vitest";
import { ERROR_PAGES } from "../../src/core/error-pages.ts";
import { TRAITS } from "../../src/core/errors.ts";
import { recognise } from "../../src/core/recognise.ts";
import { failureReport, type RunEvidence } from "../../src/core/run-evidence.ts";
import type { RowMatch, VerdictRow } from "../../src/core/verdict-row.ts";
import { REFRESH_ROWS } from "../../src/core/verdicts/refresh-rows.ts";
import { FAILURE_OPENINGS, RUN_ROWS, VERDICT_TABLE } from "../../src/core/verdict-table.ts";

const QUIET: RunEvidence = {
  exit: 1,
  failure: null,
  stderr: "",
  isSilent: false,
  apiKeySource: null,
  isGateway: false,
  isStoreDead: false,
};

const said = (text: string, isCertain: boolean): RunEvidence => ({
  ...QUIET,
  failure: failureReport(text, { isCertain }),
});

function rowOf(evidence: RunEvidence): VerdictRow {
  const verdict = recognise(evidence, 0);
  if (verdict.kind === "ok") throw new Error("recognised as ok");
  return verdict.row;
}

/** The least that fulfils a match which asks for no text, or for one of those given here. */
const TEXTS = [
  "Fix external API key",
  "There's an issue with the selected model (opus).",
  "Not logged in",
];

function leastFor(match: RowMatch): RunEvidence {
  const text = TEXTS.find((one) => match.text?.some((source) => new RegExp(source).test(one)));
  const failure = failureReport(text ?? "", {
    httpStatus: match.httpStatus?.[0] ?? null,
    errorType: match.errorType?.[0] ?? null,
    category: match.category?.[0] ?? null,
    reason: match.reason?.[0] ?? null,
    terminalReason: match.terminalReason?.[0] ?? null,
    resetsAt: match.hasReset === true ? 1 : null,
  });
  const isSilent = match.isSilent ?? false;
  return {
    exit: isSilent ? 0 : 1,
    failure: isSilent ? null : failure,
    stderr: match.stderr === undefined ? "" : `warning\n${match.stderr[0]?.replace("^", "")}`,
    isSilent,
    isGateway: match.isGateway ?? false,
    isStoreDead: match.isStoreDead ?? false,
    apiKeySource: match.apiKeySource?.[0] ?? null,
  };
}

/** What examples of text cannot show. */
const NAMED = RUN_ROWS.flatMap(({ id, match }) =>
  match
    .filter((one) => Object.keys(one).join() !== "text")
    .map((one) => ({ id, one, asked: JSON.stringify(one) })),
);

const EXAMPLES = RUN_ROWS.flatMap((row) => row.examples.map((text) => ({ id: row.id, text })));

describe("the verdict table", () => {
  it.each(EXAMPLES)("$id: recognises $text", ({ id, text }) => {
    expect(rowOf(said(text, true)).id).toBe(id);
  });

  it.each(EXAMPLES)("$id: recognises it where nothing but text is there: $text", ({ id, text }) => {
    expect(rowOf(said(text, false)).id).toBe(id);
  });

  it.each(NAMED)("$id: is reached by $asked alone", ({ id, one }) => {
    expect(rowOf(leastFor(one)).id).toBe(id);
  });

  it("is plain data, so that it can be exported", () => {
    expect(JSON.parse(JSON.stringify(VERDICT_TABLE))).toEqual(VERDICT_TABLE);
  });

  it("names no row as a code is named, so that help knows which is meant", () => {
    expect(VERDICT_TABLE.filter(({ id }) => Object.hasOwn(TRAITS, id))).toEqual([]);
  });

  it("names each row once, and ends runs and refreshes with a row that matches everything", () => {
    const ids = VERDICT_TABLE.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(RUN_ROWS.at(-1)).toMatchObject({ match: [{}], exit: "child", retry: "never" });
    expect(REFRESH_ROWS.at(-1)).toMatchObject({ match: [{}], grant: "in_doubt" });
    const every = VERDICT_TABLE.flatMap(({ match }) => match);
    expect(every.filter((one) => Object.keys(one).length === 0)).toHaveLength(2);
  });

  it("holds limits before locks, locks before dead logins, dead logins before rejected tokens", () => {
    const first = (code: string) => RUN_ROWS.findIndex((row) => row.code === code);
    const order = ["usage_limit", "overloaded", "lock_busy", "login_ended", "auth_rejected"];
    const places = order.map(first);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    const lastLimit = RUN_ROWS.findLastIndex(({ code }) =>
      ["usage_limit", "overloaded"].includes(code),
    );
    expect(lastLimit).toBeLessThan(first("lock_busy"));
  });

  it("asks for a refresh for a rejected token only", () => {
    for (const { code, retry } of VERDICT_TABLE) {
      expect(retry === "refresh_and_repeat").toBe(code === "auth_rejected");
    }
  });

  it("has patterns that stand on their own as regular expressions", () => {
    const sources = VERDICT_TABLE.flatMap(({ match }) =>
      match.flatMap(({ text, stderr, cause }) => [text, stderr, cause].flatMap((one) => one ?? [])),
    );
    for (const source of [...sources, ...FAILURE_OPENINGS]) {
      // A branch left open would match everything.
      expect(new RegExp(source, "i").test("")).toBe(false);
    }
  });

  it("ends a login for invalid_grant and for Claude Code's own word only", () => {
    const ending = VERDICT_TABLE.filter(({ code }) => code === "login_ended").map(({ id }) => id);
    expect(ending).toEqual(["login-ended", "grant-rejected", "store-login-ended"]);
    const ended = REFRESH_ROWS.filter(({ grant }) => grant === "ended");
    expect(ended.map(({ match }) => match)).toEqual([
      [{ httpStatus: [400, 401], oauthError: ["invalid_grant"] }],
    ]);
  });

  it("says of every row whose move it is and what to do, in whole sentences", () => {
    for (const { id, symptom, steps, severity, whoMoves, retry } of VERDICT_TABLE) {
      expect([id, symptom]).toEqual([id, expect.stringMatching(/^\S.{15,}[^.!]$/)]);
      expect([id, steps.length]).not.toEqual([id, 0]);
      for (const step of steps) expect(step).toMatch(/^[A-Z`].{10,}[.:]$|^[A-Z`].{10,}`\.$/);
      const isCritical = whoMoves === "person" || whoMoves === "admin";
      if (severity !== "info") expect([id, severity === "critical"]).toEqual([id, isCritical]);
      if (whoMoves === "wait") expect([id, retry]).toEqual([id, "wait"]);
    }
  });

  it("sends people to commands that there are", async () => {
    const { dispatch } = await import("../../src/cli/program.ts");
    let help = "";
    const io = { env: {}, isTty: false, out: (text: string) => void (help += text), err() {} };
    await dispatch(["--help"], io);
    const pages = Object.values(ERROR_PAGES).flatMap(({ why, tell }) => [why, tell]);
    const told = [...VERDICT_TABLE.flatMap(({ steps }) => steps), ...pages];
    const named = told.flatMap((text) =>
      [...text.matchAll(/`pilotlight ([a-z]+)/g)].map(([, command = ""]) => command),
    );
    for (const command of new Set(named)) expect(help).toMatch(new RegExp(`^  ${command} `, "m"));
  });
});

describe("the three texts that users reported first", () => {
  const EXPIRED =
    'Failed to authenticate. API Error: 401 {"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired. Please obtain a new token or refresh your existing token."}}';

  it.each([
    [EXPIRED, "auth_rejected"],
    ["OAuth session expired and could not be refreshed", "login_ended"],
    ["OAuth access token has been revoked.", "auth_rejected"],
    ["OAuth token has been revoked. Please obtain a new token.", "auth_rejected"],
  ])("%s is %s", (text, code) => {
    expect(rowOf(said(text, false)).code).toBe(code);
    expect(VERDICT_TABLE.flatMap(({ examples }) => examples)).toContain(text);
  });
});
