import { expect, it } from "vitest";
import { readSteady } from "../../src/disk/read-document.ts";
import type { Readable } from "../../src/disk/read-whole.ts";

/** A file whose content is another one at each reading; the last stays. */
function fileOf(...contents: string[]): Readable {
  let content = "";
  const read = (buffer: Buffer, offset: number, length: number, position: number) => {
    if (position === 0)
      content = contents.length > 1 ? (contents.shift() ?? "") : (contents[0] ?? "");
    const bytesRead = Buffer.from(content).copy(buffer, offset, position, position + length);
    return Promise.resolve({ bytesRead, buffer });
  };
  return { read } as unknown as Readable;
}

it.each([
  ["a file at rest", ["new"], "new"],
  ["a file that is written while it is read", ["half old", "new"], "new"],
  ["a file that was just truncated", ["", "ne", "new"], "new"],
  ["a file that never comes to rest", ["1", "2", "3", "4", "5", "6"], "5"],
])("takes what two readings agree on: %s", async (_, contents, result) => {
  expect((await readSteady(fileOf(...contents))).toString()).toBe(result);
});

it("reads a file that is longer than one chunk", async () => {
  const long = "0123456789".repeat(5_000);
  expect((await readSteady(fileOf(long))).toString()).toBe(long);
});
