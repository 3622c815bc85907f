import type { ChildEnd } from "./child-end.ts";
import type { ForwardedSignals } from "./forward-signals.ts";
import type { HeldOutput } from "./held-output.ts";
import type { RecordedInput } from "./recorded-input.ts";
import type { Child } from "./start-child.ts";

/** What stands between a child and the world; `null` where it inherited our own descriptor. */
export interface Pipes {
  readonly input: RecordedInput | null;
  readonly output: HeldOutput | null;
  readonly signals: ForwardedSignals;
}

/** ms that a descendant may still write after the child itself has ended. */
const GRACE = 1000;
const TICK = 50;

/**
 * Runs a child's pipes, and resolves when it has ended and what it wrote is held or written.
 *
 * A descendant that keeps the output open does not hold us up: a shell would wait for it in a pipeline,
 * but not with a file or a terminal, and a cron job must end. It gets a second, in which its output
 * passes too; then our end closes. A slow reader's time does not count, so that nothing of the child's
 * own is ever cut off; unless we were interrupted, when nobody may keep us.
 */
export async function passThrough(child: Child, pipes: Pipes): Promise<ChildEnd> {
  const { input, output, signals } = pipes;
  signals.aimAt(child);
  const stopFeeding = child.stdin === null ? null : input?.feed(child.stdin);
  const { stdout, stderr } = child;
  const taken =
    output === null || stdout === null || stderr === null
      ? Promise.resolve()
      : output.take({ stdout, stderr });
  const end = await child.ended;
  stopFeeding?.();
  if (output !== null) {
    const isCounting = () => !output.isBlocked || signals.interruption.aborted;
    await settledWithin(taken, GRACE, isCounting);
    output.cut();
  }
  return end;
}

/** Releases what is held and resolves when it is written; once interrupted, it waits no longer than a second. */
export async function handOver(output: HeldOutput, signals: ForwardedSignals): Promise<void> {
  output.release();
  await settledWithin(output.written(), GRACE, () => signals.interruption.aborted);
}

/** Waits for `work`, but only for `limit` ms of the time in which the clock `isCounting`. */
async function settledWithin(
  work: Promise<void>,
  limit: number,
  isCounting: () => boolean,
): Promise<void> {
  let left = limit;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (isCounting()) left -= TICK;
      if (left <= 0) resolve();
    }, TICK);
  });
  await Promise.race([work, patience]);
  clearInterval(timer);
}
