import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { inQuotes } from "../../core/login-command.ts";
import type { DurableFiles } from "../../core/ports.ts";
import { recognise, type RunVerdict } from "../../core/recognise.ts";
import { runEvidence, type SessionEvidence } from "../../core/run-evidence.ts";
import type { Environment } from "../locations.ts";
import { projectionIn } from "./projection.ts";
import { runOutput } from "../output/run-output.ts";
import type { Settings } from "../precedence/settings.ts";
import { stagingEnvironment } from "./staging-environment.ts";

/** Through which credential hello is said, and by what. */
export interface Greeting {
  /** The words that start Claude Code. */
  readonly command: readonly string[];
  /** A stored login; `null` for a credential that stands in environment or settings. */
  readonly credential: Credential | null;
  /** As the job would get them. */
  readonly env: Environment;
  readonly settings: Settings;
  /** The job's own model, where it names one. */
  readonly model: string | null;
  /** Where the job runs, and its apiKeyHelper with it. */
  readonly cwd: string;
}

const PATIENCE = 60_000;
const CHEAPEST_MODEL = "haiku";

const NO_SESSION: SessionEvidence = {
  state: "none",
  sessionId: null,
  paths: [],
  traces: { toolUse: false, assistantMessage: false },
  hasAnswer: false,
  hasLastWord: false,
  failure: null,
};

/**
 * Proves a credential by one short request of the user's own Claude Code, in a private `directory`. A
 * stored login is there without its refresh token: nothing can be rotated, blanked or lost by it, so
 * this child, unlike one that refreshes, may be killed after a minute.
 * @throws PilotlightError `cli_not_found`, `cannot_persist`
 */
export async function sayHello(
  { command, credential, env, settings, model, cwd }: Greeting,
  directory: string,
  files: DurableFiles,
): Promise<RunVerdict> {
  await writeFile(join(directory, "settings.json"), JSON.stringify(settingsOf(settings, cwd)), {
    mode: 0o600,
  });
  const staged = stagingEnvironment(directory, env, settings.env);
  if (credential !== null) await projectionIn(directory, files).show(credential);
  const options = ["--model", model ?? CHEAPEST_MODEL, "--max-turns", "1", "--strict-mcp-config"];
  const { exit, stdout, stderr } = await run(
    [...command, "-p", "Reply with OK.", ...options, "--output-format", "json"],
    directory,
    credential === null ? { ...env, ...ownOf(staged) } : staged,
  );
  const reader = runOutput("json");
  reader.take(stdout);
  // Nothing but a result is proof: words in its place count as silence.
  const output = { ...reader.evidence(), hasJson: true };
  return recognise(
    runEvidence({ isClaude: true, exit, output, session: NO_SESSION, stderr: stderr.toString() }),
    Date.now(),
  );
}

/** What the user's settings say of credentials and the network; nothing of their hooks or permissions. */
function settingsOf({ env, apiKeyHelper }: Settings, cwd: string) {
  return apiKeyHelper === null ? { env } : { env, apiKeyHelper: runIn(cwd, apiKeyHelper) };
}

/** Claude Code has a shell run its helper, in its own directory (measured on 2.1.104 and 2.1.329, 2026-11). */
function runIn(cwd: string, helper: string): string {
  return process.platform === "win32" ? helper : `cd ${inQuotes(cwd)} || exit\n${helper}`;
}

/** The variables that stage a Claude Code, over an environment whose credentials are to stay. */
function ownOf(staged: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(staged).filter(([name]) => /^(CLAUDE_|DISABLE_|PILOTLIGHT_)/.test(name)),
  );
}

interface Ran {
  readonly exit: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

function run(argv: readonly string[], cwd: string, env: Environment): Promise<Ran> {
  const [program = "", ...args] = argv;
  const options = { cwd, env: { ...env }, timeout: PATIENCE, encoding: "buffer" } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error?.code;
      if (typeof code === "string") {
        reject(new PilotlightError("cli_not_found", `${program}: ${code}`));
      } else resolve({ exit: error === null ? 0 : (code ?? null), stdout, stderr });
    });
    child.stdin?.end();
  });
}
