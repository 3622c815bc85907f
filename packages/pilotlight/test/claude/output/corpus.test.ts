import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOutput } from "../../../src/claude/output/run-output.ts";
import { projectFolder, readSession } from "../../../src/claude/output/session-file.ts";
import { recognise } from "../../../src/core/recognise.ts";
import {
  isSafeToRepeat,
  type OutputEvidence,
  NO_SESSION,
  runEvidence,
  type SessionEvidence,
} from "../../../src/core/run-evidence.ts";
import { VERDICT_TABLE } from "../../../src/core/verdict-table.ts";
import { CORPUS_CASES, CORPUS_VERSIONS, expectedOf } from "./corpus/cases.ts";
import { type CorpusRun, NEUTRAL_ID } from "./corpus/neutral.ts";

/** Before every time in the corpus. */
const START = Date.parse("2026-11-20T11:59:00Z");

const RUNS = CORPUS_VERSIONS.flatMap((version) => {
  const text = readFileSync(new URL(`./corpus/${version}.json`, import.meta.url), "utf8");
  const { runs } = JSON.parse(text) as { runs: readonly CorpusRun[] };
  return runs.map((run) => ({ version, ...run }));
});

let root: string;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function outputOf({ format }: CorpusRun, stdout: string): OutputEvidence {
  const output = runOutput(format);
  output.take(Buffer.from(stdout));
  return output.evidence();
}

let count = 0;

/** Lays the session files out as the run did, and reads them. */
function sessionOf(run: CorpusRun): Promise<SessionEvidence> {
  const configDir = join(root, `config-${(count += 1)}`);
  const cwd = join(root, "work");
  mkdirSync(cwd, { recursive: true });
  const folder = join(configDir, "projects", projectFolder(cwd));
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of run.sessions) writeFileSync(join(folder, name), text);
  const sessionId = outputOf(run, run.stdout).sessionId;
  return readSession({ configDir, cwd, startedAt: START, sessionId, prompts: ["say hello"] });
}

function codeOf(run: CorpusRun, stdout: string, session: SessionEvidence): string {
  const { exit, stderr } = run;
  const output = outputOf(run, stdout);
  const evidence = runEvidence({ isClaude: true, exit, output, session, stderr });
  const verdict = recognise(evidence, START);
  return verdict.kind === "ok" ? "ok" : verdict.code;
}

const isOld = (version: string) => ["2.1.104", "2.1.118"].includes(version);

const title = "$version $case as $format";

describe("the corpus of real runs", () => {
  it("holds every case in three formats for every build", () => {
    const all = CORPUS_VERSIONS.flatMap((version) =>
      CORPUS_CASES.flatMap((one) =>
        ["text", "json", "stream-json"].map((format) => [version, one.id, format].join()),
      ),
    );
    expect(RUNS.map((run) => [run.version, run.case, run.format].join())).toEqual(all);
    for (const run of RUNS) {
      const one = CORPUS_CASES.find(({ id }) => id === run.case);
      expect(one && expectedOf(one, run.version)).toBe(run.expected);
    }
  });

  it.each(RUNS)(`${title} is recognised by its output and session file`, async (run) => {
    expect(codeOf(run, run.stdout, await sessionOf(run))).toBe(run.expected);
  });

  it.each(RUNS)(`${title} is recognised without a session file`, (run) => {
    expect(codeOf(run, run.stdout, NO_SESSION)).toBe(run.expected);
  });

  it.each(RUNS.filter(({ expected }) => !["ok", "job_failed"].includes(expected)))(
    `${title} is recognised by its session file alone, whatever ran it`,
    async (run) => {
      const session = await sessionOf(run);
      const evidence = runEvidence({ isClaude: false, exit: 1, output: null, session });
      // Only stream and stderr of 2.1.104 and 2.1.118 name the helper.
      const isVague = isOld(run.version) && run.case === "helper-fails";
      const code = isVague ? "wrong_credential" : run.expected;
      expect(recognise(evidence, START)).toMatchObject({ kind: "failed", code });
    },
  );

  it.each(RUNS)(`${title} says whether it can be repeated`, async (run) => {
    const session = await sessionOf(run);
    expect(session.state).toBe("found");
    expect(session.sessionId).toBe(NEUTRAL_ID);
    expect(isSafeToRepeat(outputOf(run, run.stdout), session)).toBe(run.isSafe);
  });

  it.each(RUNS)(
    `${title} without a session file is repeated only if its output tells enough`,
    (run) => {
      const isSafe = run.format !== "text" && run.isSafe;
      expect(isSafeToRepeat(outputOf(run, run.stdout), NO_SESSION)).toBe(isSafe);
    },
  );

  it.each(RUNS.filter(({ case: id }) => id === "usage-limit"))(
    `${title} tells when the limit ends`,
    async (run) => {
      const session = await sessionOf(run);
      const output = outputOf(run, run.stdout);
      const evidence = runEvidence({ isClaude: true, exit: 1, output, session });
      const verdict = recognise(evidence, START);
      expect(verdict).toMatchObject({ resetsAt: expect.any(Number) });
      // The format that only shows the words tells the time as well.
      const isTold = run.format === "text" && session.failure?.resetsAt === null;
      if (isTold) expect(verdict).toMatchObject({ resetsAt: Date.parse("2026-11-20T15:45Z") });
    },
  );

  it("names the request where the server gave it a name", async () => {
    const rejected = RUNS.filter((run) => run.case === "revoked-and-no-refresh");
    for (const run of rejected) {
      const session = await sessionOf(run);
      const output = outputOf(run, run.stdout);
      const evidence = runEvidence({ isClaude: true, exit: 1, output, session });
      expect(recognise(evidence, START)).toMatchObject({ requestId: "req_TEST" });
    }
  });

  it("counts the rejections while a stream runs, and shows when the model begins to answer", () => {
    for (const run of RUNS.filter(({ format }) => format === "stream-json")) {
      const output = runOutput("stream-json");
      output.take(Buffer.from(run.stdout));
      const isAnswered =
        run.expected === "ok" || ["rejected-after-tool", "turns-used-up"].includes(run.case);
      expect([run.case, output.isAnswering]).toEqual([run.case, isAnswered]);
      const isRejected = /revoked-and|rejected-after|token-variable/.test(run.case);
      if (!isOld(run.version) && isRejected) expect(output.rejections).toBeGreaterThan(0);
      if (run.case === "ok") expect(output.rejections).toBe(0);
    }
  });

  it("holds no token and no path of the machine it was made on", () => {
    const text = JSON.stringify(RUNS);
    expect(text).not.toMatch(/sk-ant-(?!\w*-?TEST)/);
    expect(text).not.toMatch(/\/tmp\/|\/root\/|pilotlight-test-/);
  });
});

function atEdge(text: string, width: number): readonly string[] {
  return text.match(new RegExp(`.{1,${width}}`, "gs")) ?? [];
}

/** As `fold -s` and terminals do: only a word that is too long for a line is cut. */
function atWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").flatMap((one) => atEdge(one, width))) {
    const line = lines.at(-1);
    const isRoom = line !== undefined && line.length + 1 + word.length <= width;
    if (isRoom) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines;
}

describe("noise around a real run", () => {
  const colours = fc.constantFrom(
    "",
    "\u001B[0m",
    "\u001B[1;31m",
    "\u001B[?25h",
    "\u001B]0;x\u0007",
  );
  const lineEnds = fc.constantFrom("\n", "\r\n");
  const quoted = fc.constantFrom(...VERDICT_TABLE.flatMap(({ examples }) => examples));
  const otherLine = fc.oneof(
    quoted.map((text) => JSON.stringify({ level: "error", message: text, is_error: true })),
    quoted.map((text) =>
      JSON.stringify({ type: "user", message: { role: "user", content: `what is: ${text}` } }),
    ),
    quoted.map((result) => JSON.stringify({ type: "tool", subtype: "x", result })),
    quoted.map((text) => `> ${text.replaceAll("\n", " ")}`),
    fc.constantFrom("", "[]", "{}", "null", "{", "Downloading…", '{"type":"result"}'),
  );
  const streams = RUNS.filter(({ format }) => format !== "text");

  it("does not change what a stream or a result is recognised as", () => {
    const noise = fc.array(otherLine, { maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...streams), noise, noise, colours, lineEnds, (...drawn) => {
        const [run, before, after, esc, end] = drawn;
        const own = run.stdout.trimEnd().split("\n");
        const lines = own.map((line) => esc + line + esc);
        const stdout = [...before, ...lines, ...after, ""].join(end);
        expect(codeOf(run, stdout, NO_SESSION)).toBe(run.expected);
      }),
      { numRuns: 300 },
    );
  });

  it("does not change what a text is recognised as, as far as it is colour", () => {
    const texts = RUNS.filter(({ format }) => format === "text");
    fc.assert(
      fc.property(fc.constantFrom(...texts), colours, colours, (run, before, after) => {
        expect(codeOf(run, before + run.stdout + after, NO_SESSION)).toBe(run.expected);
      }),
    );
  });

  it("does not change what a text is recognised as, wherever a terminal broke its lines", () => {
    const texts = RUNS.filter(
      // One text has a line break of its own, which nobody could tell from the others.
      ({ format, exit, stdout }) => format === "text" && exit !== 0 && /^.*\n?$/.test(stdout),
    );
    const widths = fc.integer({ min: 40, max: 200 });
    fc.assert(
      fc.property(fc.constantFrom(...texts), widths, lineEnds, fc.boolean(), (...drawn) => {
        const [run, width, end, isAtWords] = drawn;
        const stdout = (isAtWords ? atWords : atEdge)(run.stdout.trimEnd(), width).join(end);
        expect(codeOf(run, stdout + end, NO_SESSION)).toBe(run.expected);
      }),
      { numRuns: 300 },
    );
  });

  it("does not make a failure of an answer that quotes one, in any format", () => {
    const successes = RUNS.filter(({ case: id }) => id === "ok");
    fc.assert(
      fc.property(fc.constantFrom(...successes), quoted, fc.boolean(), (run, text, isBare) => {
        const answer = isBare ? text : `The log says: ${text}\nIt is a 401.`;
        const inJson = JSON.stringify(answer).slice(1, -1);
        const said = run.format === "text" ? answer : inJson;
        const stdout = run.stdout.replaceAll("Hello from the sandbox.", () => said);
        expect(stdout).toContain(said);
        expect(codeOf(run, stdout, NO_SESSION)).toBe("ok");
      }),
    );
  });

  it("does not hide a failure behind a prompt or a tool result that quotes another", () => {
    const failures = RUNS.filter(
      ({ format, expected }) => format === "stream-json" && expected !== "ok",
    );
    fc.assert(
      fc.property(fc.constantFrom(...failures), quoted, (run, text) => {
        const message = { role: "user", content: [{ type: "text", text }] };
        const line = JSON.stringify({ type: "user", message, session_id: NEUTRAL_ID });
        const [init = "", ...rest] = run.stdout.split("\n");
        expect(codeOf(run, [init, line, ...rest].join("\n"), NO_SESSION)).toBe(run.expected);
      }),
    );
  });
});
