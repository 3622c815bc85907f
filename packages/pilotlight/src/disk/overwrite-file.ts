import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { readWhole } from "./read-whole.ts";

const SPACE = 0x20;

/**
 * Overwrites the JSON document in `path` durably and keeps the inode, for a file that cannot be replaced.
 * It is never truncated first: room is made with blanks behind the old document (still valid JSON), then the new one,
 * padded with blanks to the old one's length, goes over it, then the blanks are cut off.
 * Not atomic: a crash of the machine in the middle can tear the document, so a copy must be durable elsewhere.
 * @param mayCommit asked before the first byte; `false` leaves everything as it was.
 * @returns whether it was committed.
 * @throws the system's own error; the old document was then put back as far as the disk allowed.
 */
export async function overwriteFile(
  path: string,
  text: string,
  mayCommit: () => Promise<boolean>,
): Promise<boolean> {
  const next = Buffer.from(text);
  const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const before = await readWhole(file, Infinity);
    if (!(await mayCommit())) return false;
    await makeRoom(file, before.length, next.length);
    try {
      await writeAt(file, padded(next, before.length), 0);
      await file.truncate(next.length);
      await file.sync();
    } catch (error) {
      await putBack(file, before);
      throw error;
    }
    return true;
  } finally {
    await file.close();
  }
}

/** Takes the room a longer document needs while the old one is still whole, so that a full disk cannot tear it. */
async function makeRoom(file: FileHandle, from: number, to: number): Promise<void> {
  if (to <= from) return;
  try {
    await writeAt(file, Buffer.alloc(to - from, SPACE), from);
    await file.sync();
  } catch (error) {
    await file.truncate(from).catch(() => {});
    throw error;
  }
}

function padded(next: Buffer, length: number): Buffer {
  if (next.length >= length) return next;
  return Buffer.concat([next, Buffer.alloc(length - next.length, SPACE)]);
}

async function putBack(file: FileHandle, before: Buffer): Promise<void> {
  try {
    await writeAt(file, before, 0);
    await file.truncate(before.length);
    await file.sync();
  } catch {
    // The first error is the one to tell; the journal has the new document.
  }
}

async function writeAt(file: FileHandle, bytes: Buffer, start: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, start + done);
    if (bytesWritten === 0) throw new Error("the file takes no more bytes");
    done += bytesWritten;
  }
}
