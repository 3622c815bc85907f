/** Bytes that came in pieces, up to a limit. */
export interface BoundedBytes {
  readonly chunks: readonly Buffer[];
  /** In bytes. */
  readonly size: number;
  /** False for good once more than the limit was added. */
  readonly isComplete: boolean;
  /** Keeps as much of `chunk` as fits. */
  add(chunk: Buffer): void;
  /** Frees the memory; `isComplete` stays as it is. */
  forget(): void;
}

/** Smaller pieces are joined: each has a cost of its own, and a program may write byte by byte. */
const PIECE = 4096;

/** @param limit in bytes */
export function boundedBytes(limit: number): BoundedBytes {
  let chunks: Buffer[] = [];
  let size = 0;
  let isComplete = true;
  return {
    get chunks() {
      return chunks;
    },
    get size() {
      return size;
    },
    get isComplete() {
      return isComplete;
    },
    add(chunk) {
      if (!isComplete) return;
      const part = chunk.subarray(0, limit - size);
      isComplete = part.length === chunk.length;
      size += part.length;
      const last = chunks.at(-1);
      if (last !== undefined && last.length + part.length <= PIECE) {
        chunks[chunks.length - 1] = Buffer.concat([last, part]);
      } else if (part.length > 0) chunks.push(part);
    },
    forget() {
      chunks = [];
      size = 0;
    },
  };
}
