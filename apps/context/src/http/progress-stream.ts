import type { Context as Call } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { Trouble } from "../core/trouble.ts";
import type { ProgressBoard, Step } from "../service/progress-board.ts";

/** ms between two signs of life on a stream with nothing to tell. */
const HEARTBEAT = 15_000;

const MOST_STEPS = 100;

/** Where an entity stands now, and each step from here on, until the client leaves or the service ends. @throws Trouble `watchers_full` */
export function progressStream(
  call: Call,
  entityId: string,
  { board, ending }: { readonly board: ProgressBoard; readonly ending: AbortSignal },
): Response {
  const steps: Step[] = [board.now(entityId)];
  let wake = (): void => undefined;
  const end = board.listen(entityId, (step) => {
    // Whoever does not read is told no more than this.
    if (steps.length < MOST_STEPS) steps.push(step);
    wake();
  });
  if (end === null) throw TOO_MANY;
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HEARTBEAT);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return streamSSE(call, async (stream) => {
    const leave = () => wake();
    stream.onAbort(leave);
    ending.addEventListener("abort", leave);
    try {
      while (!stream.aborted && !ending.aborted) {
        if (steps.length === 0) await pause();
        await send(stream, steps.splice(0));
      }
    } finally {
      ending.removeEventListener("abort", leave);
      end();
    }
  });
}

async function send(stream: SSEStreamingApi, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) await stream.write(": still here\n\n");
  for (const { phase, ...data } of steps) {
    await stream.writeSSE({ event: phase, data: JSON.stringify(data) });
  }
}

const TOO_MANY = new Trouble({
  code: "watchers_full",
  status: 503,
  title: "as many streams are open as there is room for",
  detail: "the context itself can be asked for all the same",
  retryable: true,
  retryAfter: 30,
});
