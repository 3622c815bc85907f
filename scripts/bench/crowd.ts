import { spawn } from "node:child_process";
import { startSandbox } from "../../packages/pilotlight/src/sandbox/index.ts";
import type { Row } from "../bench.ts";
import { benchHome, CLI, putClaude, STAND_IN } from "./timing.ts";

const PROCESSES = 50;

/** Fifty processes, and fifty jobs, find one expired token at once; the server punishes reuse by revoking the login. */
export async function benchCrowd(): Promise<readonly Row[]> {
  return [
    await crowdOf(
      "processes",
      () => ["refresh"],
      ({ exit }) => exit === 0,
    ),
    await crowdOf(
      "jobs (`run -- claude -p`)",
      (claude) => ["run", "--", claude, "-p", "say hello"],
      ({ exit, out }) => exit === 0 && out.includes("Hello"),
    ),
  ];
}

interface Ended {
  readonly exit: number | null;
  readonly out: string;
}

async function crowdOf(
  what: string,
  command: (claude: string) => readonly string[],
  isSuccess: (ended: Ended) => boolean,
): Promise<Row> {
  const sandbox = await startSandbox({ reuse: "revoke_family" });
  const { home, env, cleanup } = benchHome(sandbox.signIn({ accessTokenLife: 0 }));
  try {
    const whole = {
      ...env,
      ...sandbox.env(),
      PILOTLIGHT_STAND_IN: "2.1.329",
      PILOTLIGHT_DRIVER: "endpoint",
      PILOTLIGHT_ACCEPT_UNSUPPORTED: "true",
    };
    const words = command(putClaude(home, `exec '${process.execPath}' '${STAND_IN}' "$@"`));
    const start = performance.now();
    const ended = await Promise.all(Array.from({ length: PROCESSES }, () => run(words, whole)));
    const took = performance.now() - start;
    const succeeded = ended.filter(isSuccess).length;
    const { refreshes, reuses } = sandbox.grants();
    return {
      what: `${PROCESSES} ${what} at once on one expired token`,
      measured: `${refreshes} grant, ${reuses} reuses, ${succeeded} of ${PROCESSES} succeeded, ${(took / 1000).toFixed(1)} s`,
      floor: "a public refresh script: 11 grants, 0 of 10 jobs",
      ratio: "–",
      target: `1 grant, ${PROCESSES} of ${PROCESSES}`,
    };
  } finally {
    cleanup();
    await sandbox.stop();
  }
}

function run(command: readonly string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...command], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
    child.once("error", reject);
    child.once("close", (exit) => resolve({ exit, out }));
  });
}
