import { randomBytes } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { DurableFiles } from "../core/ports.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { replaceFile } from "../disk/replace-file.ts";
import { sweepTempsOf, tempPathOf } from "../disk/temp-file.ts";

/** How much has to fit (bytes) before anything is spent. */
const FILLER = 1024 * 1024;

/** Durable files on a real file system. Its temporary files stay behind only if the process is killed, until the next write. */
export function durableFiles(): DurableFiles {
  return {
    async write(path, text) {
      try {
        await sweepTempsOf(path, "dead");
        await replaceFile(path, text, { keep: null, mayCommit: () => Promise.resolve(true) });
      } catch (error) {
        throw cannotPersist(path, error);
      }
    },

    async prove(dir) {
      const path = join(dir, "proof");
      try {
        await sweepTempsOf(path, "dead");
        await fill(tempPathOf(path));
      } catch (error) {
        throw cannotPersist(dir, error);
      }
    },
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    // Random, because some file systems keep blocks of zeros for nothing.
    await file.writeFile(randomBytes(FILLER));
    await file.sync();
  } finally {
    await file.close();
    await unlink(path);
  }
}
