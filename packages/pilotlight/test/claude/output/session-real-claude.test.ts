import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { runOutput } from "../../../src/claude/output/run-output.ts";
import { readSession } from "../../../src/claude/output/session-file.ts";
import { recognise } from "../../../src/core/recognise.ts";
import { isSafeToRepeat, runEvidence } from "../../../src/core/run-evidence.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import { type ClaudeBuild, CLAUDE_VERSIONS } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { runClaude } from "../../support/run-claude.ts";

let sandbox: Sandbox;
let home: IsolatedHome;

beforeEach(async () => {
  sandbox = await startSandbox();
  home = isolatedHome();
  const text = JSON.stringify(sandbox.signIn());
  writeFileSync(join(home.configDir, ".credentials.json"), text, { mode: 0o600 });
});

afterEach(async () => {
  await sandbox.stop();
  home.cleanup();
});

/** Runs a job in `folder`, and finds out how it ended without being told its session. */
async function run(build: ClaudeBuild, folder: string, args: readonly string[] = []) {
  const cwd = join(home.home, folder);
  mkdirSync(cwd, { recursive: true });
  const startedAt = Date.now();
  const env = { ...home.env, ...sandbox.env() };
  const { code, stdout, stderr } = await runClaude(build, ["-p", "hi", ...args], { cwd, env });
  const reader = runOutput("text");
  reader.take(Buffer.from(stdout));
  const output = reader.evidence();
  const { configDir } = home;
  const search = { configDir, cwd, startedAt, sessionId: null };
  const session = await readSession({ ...search, prompts: ["hi"] });
  const other = await readSession({ ...search, prompts: ["something else"] });
  expect(other.state).toBe(session.state === "found" ? "several" : session.state);
  const evidence = runEvidence({ isClaude: true, exit: code, output, session, stderr });
  const verdict = recognise(evidence, Date.now());
  return { session, verdict, isSafe: isSafeToRepeat(output, session) };
}

for (const version of CLAUDE_VERSIONS) {
  describe(`the session files of the real Claude Code ${version}`, () => {
    claudeTest(version, "are told apart by project and time, whatever the path", async (build) => {
      const first = await run(build, "my.work_dir é");
      expect(first.session).toMatchObject({ state: "found", hasAnswer: true });
      expect(first.verdict).toEqual({ kind: "ok" });
      sandbox.revokeAccess();
      sandbox.fault({ name: "token-403-html" });
      const second = await run(build, "my.work_dir é");
      expect(second.session).toMatchObject({ state: "found", hasAnswer: false });
      expect(second.session.paths).not.toEqual(first.session.paths);
      expect(second.verdict).toMatchObject({
        code: "auth_rejected",
        requestId: expect.stringMatching(/^req_sandbox_/),
      });
      expect(second.isSafe).toBe(true);
    });

    claudeTest(version, "are found in a folder with a name that was cut", async (build) => {
      const { session } = await run(build, join("a".repeat(100), "b".repeat(150)));
      expect(session).toMatchObject({ state: "found", hasAnswer: true });
    });

    claudeTest(version, "are not written with --no-session-persistence", async (build) => {
      const { session, verdict, isSafe } = await run(build, "w", ["--no-session-persistence"]);
      expect(session.state).toBe("none");
      expect(verdict).toEqual({ kind: "ok" });
      expect(isSafe).toBe(false);
    });
  });
}
