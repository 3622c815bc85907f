import type { Readable, Writable } from "node:stream";

/** One stream of a child on its way to one of ours. */
export interface Outlet {
  /** True while something is not yet written. */
  readonly isBlocked: boolean;
  readonly failure: Error | null;
  /** Hands each piece to `receive` and resolves when the source has ended or was cut. */
  drain(source: Readable, receive: (chunk: Buffer) => void): Promise<void>;
  write(chunk: Buffer): void;
  written(): Promise<void>;
  cut(): void;
}

/**
 * Writes to `target`, holding up the source that is drained while the target is full.
 *
 * When the reader of `target` goes away, our end of the source closes, and the child meets EPIPE and
 * SIGPIPE at its next write, as it would without us. One difference is left, because Node gives
 * children sockets for pipes: a writer that blocks on a full one at that moment gets EPIPE or ECONNRESET
 * without the signal. Node programs never block there, and see EPIPE (measured on Linux 6.18, 2026-11).
 */
export function outlet(target: Writable): Outlet {
  let source: Readable | null = null;
  let failure: Error | null = null;
  let isGone = false;
  let isFull = false;
  let pending = 0;
  let waiting: (() => void)[] = [];

  const settle = (): void => {
    if (pending > 0 && !isGone) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const flow = (): void => {
    isFull = false;
    source?.resume();
  };
  target.on("error", (error: NodeJS.ErrnoException) => {
    if (!isReaderGone(error)) failure ??= error;
    isGone = true;
    source?.destroy();
    settle();
  });

  return {
    get isBlocked() {
      return pending > 0 && !isGone;
    },
    get failure() {
      return failure;
    },
    drain(from, receive) {
      source = from;
      from.on("data", receive);
      // A reset is the end as well: the child is gone.
      from.on("error", () => undefined);
      if (isGone) from.destroy();
      return new Promise((resolve) => from.once("close", resolve));
    },
    write(chunk) {
      if (isGone) return;
      pending += 1;
      const hasRoom = target.write(chunk, () => {
        pending -= 1;
        settle();
      });
      if (hasRoom) return;
      // Each time: at the exit of a child Node itself resumes what was paused.
      source?.pause();
      if (!isFull) target.once("drain", flow);
      isFull = true;
    },
    written() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        settle();
      });
    },
    cut: () => void source?.destroy(),
  };
}

function isReaderGone(error: NodeJS.ErrnoException): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "EOF"].includes(error.code ?? "");
}
