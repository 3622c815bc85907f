import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Sandbox, startSandbox } from "../../../../src/sandbox/index.ts";
import { CLAUDE_VERSIONS, claudeBuild } from "../../../support/claude-builds.ts";
import { isolatedHome } from "../../../support/isolated.ts";
import { runClaude } from "../../../support/run-claude.ts";
import {
  CORPUS_CASES,
  CORPUS_VERSIONS,
  type CorpusCase,
  type CorpusVersion,
  expectedOf,
} from "./cases.ts";
import { type CorpusRun, NEUTRAL_ID, neutralLines } from "./neutral.ts";

/**
 * Writes the corpus anew: `node test/claude/output/corpus/generate.ts [--case id]… [version[=program]]…`.
 * Runs the real builds against the sandbox, one after the other; some five minutes for all of them.
 * A build that is only recorded needs its program; with `--case`, all other runs stay as they are.
 */
async function generate(
  version: CorpusVersion,
  command: readonly [string, ...string[]],
  cases: readonly string[],
): Promise<void> {
  const file = fileURLToPath(new URL(`${version}.json`, import.meta.url));
  const kept = cases.length > 0 && existsSync(file) ? runsIn(file) : [];
  const runs: CorpusRun[] = [];
  for (const one of CORPUS_CASES) {
    for (const format of ["text", "json", "stream-json"] as const) {
      const before = kept.find((run) => run.case === one.id && run.format === format);
      const isWanted = before === undefined || cases.includes(one.id);
      const run = isWanted ? await record({ version, command }, one, format) : before;
      runs.push(run);
      if (isWanted) say(`${version} ${one.id} ${format}: exit ${run.exit ?? "by signal"}`);
    }
  }
  writeFileSync(file, `${JSON.stringify({ version, runs }, null, 2)}\n`);
}

function runsIn(file: string): readonly CorpusRun[] {
  return (JSON.parse(readFileSync(file, "utf8")) as { runs: readonly CorpusRun[] }).runs;
}

async function record(
  build: { readonly version: CorpusVersion; readonly command: readonly [string, ...string[]] },
  one: CorpusCase,
  format: CorpusRun["format"],
): Promise<CorpusRun> {
  const home = isolatedHome();
  const sandbox: Sandbox = await startSandbox({ reply: one.reply?.(() => sandbox) });
  const store = (document: object) =>
    writeFileSync(join(home.configDir, ".credentials.json"), JSON.stringify(document), {
      mode: 0o600,
    });
  try {
    const more = one.arrange({ sandbox, home, store }) ?? {};
    const cwd = join(home.home, "work");
    mkdirSync(cwd);
    const verbose = format === "stream-json" ? ["--verbose"] : [];
    const args = ["-p", "say hello", "--output-format", format, ...verbose];
    const env = { ...home.env, ...sandbox.env(), ...more };
    const expected = expectedOf(one, build.version);
    const run = await runClaude(build, [...args, ...(one.arguments ?? [])], { cwd, env });
    return {
      case: one.id,
      format,
      expected,
      isSafe: one.isSafe && expected !== "ok",
      exit: run.code,
      stdout: neutralLines(run.stdout),
      stderr: neutralLines(run.stderr),
      sessions: sessionsIn(join(home.configDir, "projects")),
    };
  } finally {
    await sandbox.stop();
    home.cleanup();
  }
}

function sessionsIn(projects: string): CorpusRun["sessions"] {
  const names = readdirSync(projects, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => ({
      name: basename(name).length === NEUTRAL_ID.length + 6 ? `${NEUTRAL_ID}.jsonl` : "other.jsonl",
      text: neutralLines(readFileSync(join(projects, name), "utf8")),
    }));
}

function commandOf(version: CorpusVersion, program: string | undefined) {
  if (program !== undefined) return [program] as const;
  const build = CLAUDE_VERSIONS.find((known) => known === version);
  const command = build === undefined ? undefined : claudeBuild(build)?.command;
  if (command !== undefined) return command;
  throw new Error(`${version} is not here (node scripts/fetch-claude.ts, or ${version}=program)`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { values, positionals } = parseArgs({
  options: { case: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});
const programs = new Map(
  positionals.map((one): [string, string | undefined] => {
    const [version = "", program] = one.split("=", 2);
    return [version, program];
  }),
);
for (const version of programs.size === 0 ? CLAUDE_VERSIONS : CORPUS_VERSIONS) {
  if (programs.size === 0 || programs.has(version))
    await generate(version, commandOf(version, programs.get(version)), values.case);
}
