import { setTimeout as sleep } from "node:timers/promises";
import { PilotlightError } from "../../core/errors.ts";
import { type Machine, unitState } from "./machine.ts";
import { UNIT } from "./plan.ts";

/** ms */
const [PATIENCE, EVERY, ANSWER] = [30_000, 250, 2_000];

/**
 * Waits until the keeper runs and says that its logins are ready, half a minute at most.
 * @param url of its HTTP face; `null` where it has none that is known
 * @returns whether it said so. @throws PilotlightError `service_failed` where it does not run; what `signal` aborts with
 */
export async function waitKept(
  machine: Machine,
  url: string | null,
  signal: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    signal.throwIfAborted();
    const { active, sub, status } = await unitState(machine, UNIT);
    if (active === "failed" || sub === "auto-restart")
      throw failed(machine, `ended with ${status}`);
    const isActive = active === "active";
    if (isActive && (url === null || (await isReady(url)))) return true;
    if (performance.now() > end) {
      if (isActive) return false;
      throw failed(machine, `was still ${active} after ${PATIENCE / 1000} s`);
    }
    await sleep(EVERY);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER) })).ok;
  } catch {
    return false;
  }
}

function failed({ isSystem }: Machine, how: string): PilotlightError {
  const look = `journalctl ${isSystem ? "" : "--user "}-u pilotlight -n 20`;
  return new PilotlightError("service_failed", `the keeper ${how}; why: ${look}`);
}
