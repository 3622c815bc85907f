import type { Clock } from "../../core/ports.ts";

/** For each key, a promise that resolves when everybody in line has had the turn. */
const lines = new Map<string, Promise<void>>();

/**
 * Runs `task` when everybody of this process who asked before under the same key is done, first come, first served.
 * @returns `late` if the turn has not come at `deadline` (ms of the monotonic clock); `task` is then never run.
 */
export async function inTurn<T>(
  key: string,
  clock: Clock,
  deadline: number,
  task: () => Promise<T>,
): Promise<{ done: T } | "late"> {
  const before = lines.get(key);
  const { promise: mine, resolve: leave } = Promise.withResolvers<void>();
  const line = Promise.resolve(before).then(() => mine);
  lines.set(key, line);
  void line.then(() => {
    if (lines.get(key) === line) lines.delete(key);
  });
  try {
    const isOn = before === undefined || (await comesBy(deadline, before, clock));
    return isOn ? { done: await task() } : "late";
  } finally {
    leave();
  }
}

async function comesBy(deadline: number, turn: Promise<void>, clock: Clock): Promise<boolean> {
  let hasCome = false;
  const alarm = new AbortController();
  void turn.then(() => {
    hasCome = true;
    alarm.abort();
  });
  do await clock.sleep(Math.max(0, deadline - clock.monotonic()), alarm.signal);
  while (!hasCome && clock.monotonic() < deadline);
  return hasCome;
}
