import { mkdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Scene } from "./scene.ts";

/** Holds the short lock around writes of the credential file, as a living CLI would, so that a commit has to wait. */
export function holdWriteLock({ home }: Scene): { release(): void } {
  const path = join(home.configDir, ".storage-write.lock");
  mkdirSync(path);
  const beat = setInterval(() => utimesSync(path, new Date(), new Date()), 500);
  return {
    release() {
      clearInterval(beat);
      rmSync(path, { recursive: true });
    },
  };
}
