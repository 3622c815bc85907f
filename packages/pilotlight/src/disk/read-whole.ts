import type { FileHandle } from "node:fs/promises";

/** What is needed of an open file to read it. */
export type Readable = Pick<FileHandle, "read">;

const CHUNK = 16 * 1024;

/** Reads a file from its start, at most `limit` bytes and one more chunk. @throws the system's own error. */
export async function readWhole(file: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= limit;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await file.read(chunk, 0, CHUNK, length);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}
