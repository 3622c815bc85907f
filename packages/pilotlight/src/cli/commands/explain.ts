import { claudeArguments } from "../../claude/command-line/claude-arguments.ts";
import { explain as explainAt } from "../../claude/explaining/explain.ts";
import { foundBuild } from "../../claude/build/found-build.ts";
import { commandWords } from "../../claude/build/find-claude.ts";
import { rulesOf } from "../../claude/build/build-rules.ts";
import { storedSourceOn } from "../../claude/precedence/precedence.ts";
import { PilotlightError } from "../../core/errors.ts";
import { type Explanation, exitOfExplanation } from "../../core/explanation.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import { visitedDirectory } from "../current-directory.ts";
import type { Io } from "../io.ts";
import { selectLogin } from "../logins.ts";
import { printable } from "../printable.ts";
import { jobPlace } from "../job-place.ts";

export interface ExplainFlags {
  readonly json?: boolean;
  readonly login?: string;
}

/** `pilotlight explain [-- claude …]`: which credential Claude Code uses here, and why. Read-only. */
export async function explain(
  argv: readonly string[],
  flags: ExplainFlags,
  io: Io,
): Promise<number> {
  const config = await readConfig(io.env);
  const login = selectLogin(config, flags.login);
  const { explanation, build } = await explainJob({ config, login, argv, cwd: visitedDirectory() });
  const text =
    flags.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : print(explanation, build);
  io.out(text);
  return exitOfExplanation(explanation);
}

/** Explains the credential of a job: `argv` starts Claude Code in `cwd`, or is empty. */
export async function explainJob(job: {
  readonly config: Config;
  readonly login: LoginConfig;
  readonly argv: readonly string[];
  readonly cwd: string;
}): Promise<{ readonly explanation: Explanation; readonly build: string | null }> {
  const { config, login, argv, cwd } = job;
  const words = commandWords(config.jobClaude);
  const args = claudeArguments(argv, words);
  if (argv.length > 0 && args === null) {
    const fix = "give claude and its arguments after --";
    throw new PilotlightError("usage", `${argv[0]} does not start Claude Code: ${fix}`);
  }
  const build = await foundBuild(args?.command ?? words, config.env);
  const moved = environmentOf(config, login, build);
  const { env, locations, entry } = await jobPlace({ ...config, env: moved }, login);
  const explanation = await explainAt({
    env,
    home: config.home,
    cwd,
    locations,
    entry,
    storedSource: storedSourceOn(process.platform),
    args,
    build,
    now: Date.now(),
  });
  return { explanation, build };
}

/** The environment that a job of this login meets. */
function environmentOf({ env }: Config, { dir }: LoginConfig, build: string | null) {
  const moved = rulesOf(build).movesStorage ? {} : { CLAUDE_SECURESTORAGE_CONFIG_DIR: undefined };
  if (dir === null) return { ...env, ...moved };
  return { ...env, CLAUDE_CONFIG_DIR: dir, CLAUDE_SECURESTORAGE_CONFIG_DIR: undefined };
}

const PAYERS = {
  subscription: "the subscription of the login",
  api: "the API account of the credential, by use",
  cloud: "the cloud account",
  none: "nobody",
} as const;

function print({ winner, shadowed, warnings }: Explanation, build: string | null): string {
  const { source, where, headers, billing, change } = winner;
  const lines = [
    `Claude Code${build === null ? "" : ` ${build}`} will use  ${source}`,
    `  from    ${where}`,
    `  sends   ${headers.length > 0 ? headers.join(" and ") : nothingSent(billing)}`,
    `  billed  ${PAYERS[billing]}`,
    `  change  ${change.kind === "command" ? "$ " : ""}${change.text}`,
  ];
  if (shadowed.length > 0) lines.push("", "Not used, or not alone");
  for (const one of shadowed) lines.push(`  ${one.source}  ${one.where}`, `    ${one.why}`);
  if (warnings.length > 0) lines.push("", "Take care");
  for (const { code, message, fix } of warnings)
    lines.push(`  ${code}: ${message}.`, `    → ${fix}`);
  return `${lines.map(printable).join("\n")}\n`;
}

function nothingSent(billing: Explanation["winner"]["billing"]): string {
  return billing === "cloud" ? "nothing to Anthropic: the request goes to the cloud" : "nothing";
}
