import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import {
  CLAUDE_VERSIONS,
  type ClaudeBuild,
  claudeBuild,
  type ClaudeVersion,
} from "../../support/claude-builds.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { runClaude } from "../../support/run-claude.ts";
import { CORPUS_CASES, type CorpusCase, expectedOf } from "./cases.ts";
import { type CorpusRun, NEUTRAL_ID, neutralLines } from "./neutral.ts";

/**
 * Writes the corpus anew: `node test/claude/corpus/generate.ts [version…]`.
 * Runs the real builds against the sandbox, one after the other; some five minutes for all of them.
 */
async function generate(version: ClaudeVersion): Promise<void> {
  const build = claudeBuild(version);
  if (build === null) throw new Error(`${version} is not here (node scripts/fetch-claude.ts)`);
  const runs: CorpusRun[] = [];
  for (const one of CORPUS_CASES) {
    for (const format of ["text", "json", "stream-json"] as const) {
      runs.push(await record(build, one, format));
      const { exit } = runs.at(-1) ?? { exit: null };
      process.stdout.write(`${version} ${one.id} ${format}: exit ${exit ?? "by signal"}\n`);
    }
  }
  const file = fileURLToPath(new URL(`${version}.json`, import.meta.url));
  writeFileSync(file, `${JSON.stringify({ version, runs }, null, 2)}\n`);
}

async function record(
  build: ClaudeBuild,
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
    const run = await runClaude(build, [...args, ...(one.arguments ?? [])], { cwd, env });
    return {
      case: one.id,
      format,
      expected: expectedOf(one, build.version),
      isSafe: one.isSafe,
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

const asked = process.argv.slice(2);
for (const version of CLAUDE_VERSIONS) {
  if (asked.length === 0 || asked.includes(version)) await generate(version);
}
