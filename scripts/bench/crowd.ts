import { spawn } from "node:child_process";
import { startSandbox } from "../../packages/pilotlight/src/sandbox/index.ts";
import type { Row } from "../bench.ts";
import { benchHome, CLI } from "./timing.ts";

const PROCESSES = 50;

/** Fifty processes find one expired token at once; the server punishes reuse by revoking the login. */
export async function benchCrowd(): Promise<readonly Row[]> {
  const sandbox = await startSandbox({ reuse: "revoke_family" });
  const document = sandbox.signIn();
  const { env, cleanup } = benchHome({
    ...document,
    claudeAiOauth: { ...document.claudeAiOauth, expiresAt: Date.now() - 1000 },
  });
  try {
    const whole = {
      ...env,
      ...sandbox.env(),
      PILOTLIGHT_DRIVER: "endpoint",
      PILOTLIGHT_ACCEPT_UNSUPPORTED: "true",
    };
    const start = performance.now();
    const exits = await Promise.all(Array.from({ length: PROCESSES }, () => refreshIn(whole)));
    const took = performance.now() - start;
    const succeeded = exits.filter((exit) => exit === 0).length;
    const { refreshes, reuses } = sandbox.grants();
    return [
      {
        what: `${PROCESSES} processes on one expired token`,
        measured: `${refreshes} grant, ${reuses} reuses, ${succeeded} of ${PROCESSES} succeeded, ${(took / 1000).toFixed(1)} s`,
        floor: "a public refresh script: 11 grants, 0 of 10 jobs",
        ratio: "–",
        target: `1 grant, ${PROCESSES} of ${PROCESSES}`,
      },
    ];
  } finally {
    cleanup();
    await sandbox.stop();
  }
}

function refreshIn(env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, "refresh"], { env, stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", resolve);
  });
}
