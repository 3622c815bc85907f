import { spawn } from "node:child_process";
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startSandbox } from "../../../src/sandbox/index.ts";
import { isolatedHome } from "../../support/isolated.ts";
import type { Actor } from "./actors.ts";
import { factsOf, type Observation, type Run, type Scene } from "./observation.ts";
import { type ParityCase, RUNS } from "./parity-case.ts";

/** ms; far beyond every case but the slow ones. */
const LIMIT = 170_000;

/** Plays a case with one actor, in a home and on a sandbox of their own, and says what there was to see. */
export async function play(parityCase: ParityCase, actor: Actor): Promise<Observation> {
  const sandbox = await startSandbox(parityCase.sandbox);
  const home = isolatedHome();
  const file = join(home.configDir, ".credentials.json");
  try {
    const { life } = parityCase;
    const document = sandbox.signIn(life === undefined ? {} : { accessTokenLife: life });
    const content = parityCase.file === undefined ? document : parityCase.file(document);
    const text = typeof content === "string" ? content : JSON.stringify(content);
    if (content !== null) writeFileSync(file, text, { mode: 0o600 });
    parityCase.prepare?.(home);
    parityCase.meanwhile?.(sandbox);
    for (const fault of parityCase.faults ?? []) sandbox.fault(fault);
    const inode = existsSync(file) ? lstatSync(file).ino : null;
    const scene: Scene = { sandbox, home, file, document, before: content && text, inode };
    const env = { ...home.env, ...actor.env(sandbox), ...parityCase.env?.(document) };
    const runs: Run[] = [];
    for (const args of parityCase.runs ?? [RUNS.json]) {
      const argv = [...mounting(parityCase, scene), ...actor.command, ...args];
      runs.push(await run(argv, { ...parityCase, env, cwd: home.home }));
    }
    return factsOf(scene, runs);
  } finally {
    await sandbox.stop();
    home.cleanup();
  }
}

/** Runs the actor in a mount namespace of its own where something is read-only: root may write what a mode forbids. */
function mounting({ readOnly }: ParityCase, { home, file }: Scene): readonly string[] {
  if (readOnly === undefined) return [];
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  return ["unshare", "-m", "sh", "-c", script, readOnly === "file" ? file : home.configDir];
}

interface Terms {
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly input?: string;
  readonly limit?: number;
}

function run([file = "", ...args]: readonly string[], terms: Terms): Promise<Run> {
  const { env, cwd, input = "", limit = LIMIT } = terms;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: "pipe", detached: true });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const end = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(end, limit);
    process.once("exit", end);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve({ code, stdout, stderr, format: formatOf(args) });
    });
  });
}

function formatOf(args: readonly string[]): Run["format"] {
  if (args.includes("stream-json")) return "stream";
  return args.includes("json") || args.includes("status") ? "json" : "text";
}
