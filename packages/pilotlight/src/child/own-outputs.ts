import { createWriteStream, fstatSync } from "node:fs";
import type { Writable } from "node:stream";

/**
 * This process's stdout and stderr as targets: one and the same where both lead to the same place
 * (`2>&1`), so that the order between them is kept. They tell when bytes were lost: for a file, Node's
 * own stream takes a short write for a whole one, and a full disk truncates in silence (measured on
 * Node 24.21, 2026-11).
 */
export function ownOutputs(): { readonly stdout: Writable; readonly stderr: Writable } {
  const [one, two] = [fstatSync(1), fstatSync(2)];
  const stdout = one.isFile() ? fileAt(1) : process.stdout;
  if (one.dev === two.dev && one.ino === two.ino) return { stdout, stderr: stdout };
  return { stdout, stderr: two.isFile() ? fileAt(2) : process.stderr };
}

function fileAt(fd: number): Writable {
  return createWriteStream("", { fd, autoClose: false });
}
