import type { Readable, Writable } from "node:stream";
import { PilotlightError } from "../core/errors.ts";
import { type BoundedBytes, boundedBytes } from "./bounded-bytes.ts";
import { outlet, type Outlet } from "./outlet.ts";

export type OutputName = "stdout" | "stderr";
type Both<T> = Readonly<Record<OutputName, T>>;

/** The output of a job, held back until it is known whether it is the job's last word. */
export interface HeldOutput {
  /** True for good after `release`, or once more than the limit came; then nothing can be repeated. */
  readonly isReleased: boolean;
  /** True while something handed on is not yet written: the reader is slow. */
  readonly isBlocked: boolean;
  /** Why output was lost, other than by a reader that went away: a full disk, for one. */
  readonly failure: Error | null;
  /** Takes what a child writes. Resolves at the end of both streams, once what is released of them is written. */
  take(sources: Both<Readable>): Promise<void>;
  /** Takes no more, whoever still holds the other end. */
  cut(): void;
  /** Hands everything on, in the order in which it came, and from now on each piece as it comes. */
  release(): void;
  /** Resolves when all that was handed on is written, or has nobody to read it. */
  written(): Promise<void>;
  /** Drops what is held, before a repeated run. @throws PilotlightError `bug` once released. */
  discard(): void;
  /** What came, from the first byte up to the limit. */
  contents(name: OutputName): Buffer;
}

const LIMIT = 1024 * 1024;

/**
 * Holds stdout and stderr together.
 * @param options.limit bytes of both that are held; 1 MiB unless told
 * @param options.tap sees each piece as it comes, before it is handed on; it may release
 */
export function heldOutput(
  targets: Both<Writable>,
  options: {
    readonly limit?: number;
    readonly tap?: (name: OutputName, chunk: Buffer) => void;
  } = {},
): HeldOutput {
  const limit = options.limit ?? LIMIT;
  const outlets: Both<Outlet> = { stdout: outlet(targets.stdout), stderr: outlet(targets.stderr) };
  const both = [outlets.stdout, outlets.stderr];
  let seen = seenUpTo(limit);
  let held: Piece[] = [];
  let size = 0;
  let isReleased = false;

  const receive = (name: OutputName, chunk: Buffer): void => {
    seen[name].add(chunk);
    size += chunk.length;
    hold(held, { name, chunk });
    options.tap?.(name, chunk);
    if (size > limit) isReleased = true;
    if (isReleased) handOn();
  };
  const handOn = (): void => {
    const pieces = held;
    held = [];
    for (const { name, chunk } of pieces) outlets[name].write(chunk);
  };

  return {
    get isReleased() {
      return isReleased;
    },
    get isBlocked() {
      return both.some((outlet) => outlet.isBlocked);
    },
    get failure() {
      return outlets.stdout.failure ?? outlets.stderr.failure;
    },
    async take(sources) {
      const ends = (["stdout", "stderr"] as const).map((name) =>
        outlets[name].drain(sources[name], (chunk) => receive(name, chunk)),
      );
      await Promise.all(ends);
      await Promise.all(both.map((outlet) => outlet.written()));
    },
    cut: () => both.forEach((outlet) => outlet.cut()),
    release() {
      isReleased = true;
      handOn();
    },
    async written() {
      await Promise.all(both.map((outlet) => outlet.written()));
    },
    discard() {
      if (isReleased) throw new PilotlightError("bug", "released output cannot be taken back");
      held = [];
      size = 0;
      seen = seenUpTo(limit);
    },
    contents: (name) => Buffer.concat(seen[name].chunks),
  };
}

interface Piece {
  readonly name: OutputName;
  readonly chunk: Buffer;
}

/** Below this, pieces are joined: each has a cost of its own, and a program may write byte by byte. */
const PIECE = 4096;

function hold(held: Piece[], { name, chunk }: Piece): void {
  const last = held.at(-1);
  if (last?.name === name && last.chunk.length + chunk.length <= PIECE) {
    held[held.length - 1] = { name, chunk: Buffer.concat([last.chunk, chunk]) };
  } else held.push({ name, chunk });
}

function seenUpTo(limit: number): Both<BoundedBytes> {
  return { stdout: boundedBytes(limit), stderr: boundedBytes(limit) };
}
