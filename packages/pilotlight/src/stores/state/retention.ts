import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeFile } from "../../disk/directory.ts";
import { archiveIn } from "./login-files.ts";
import { readState } from "./state-file.ts";

/** How long (ms) tokens may lie in the state directory: as long as a login lives. */
export const TOKEN_RETENTION = 30 * 24 * 60 * 60 * 1000;

/** The epoch ms in an archived file's name; a spill that could not be understood ends there. */
const DATED = /-([0-9]{10,})(?:-[0-9a-z]+)?\.json$/;

/** Removes archived and remembered tokens of all logins that are older than 30 days at `now` (epoch ms). Never throws. */
export async function removeOldTokens(directory: string, now: number): Promise<void> {
  const archive = archiveIn(directory);
  for (const name of await namesIn(archive)) {
    const epoch = DATED.exec(name)?.[1];
    if (epoch !== undefined && now - Number(epoch) > TOKEN_RETENTION) {
      await removeFile(join(archive, name)).catch(() => {});
    }
  }
  // A sign-in that was completed and never stored.
  const staging = join(directory, "staging");
  for (const name of await namesIn(staging)) {
    const path = join(staging, name, ".credentials.json");
    if (name.endsWith(".sign-in") && (await writtenAt(path)) < now - TOKEN_RETENTION) {
      await removeFile(path).catch(() => {});
    }
  }
  const journal = dirname(archive);
  for (const name of await namesIn(journal)) {
    const path = join(journal, name);
    if (name.endsWith(".generation.json") && (await isOutdated(path, now))) {
      await removeFile(path).catch(() => {});
    }
  }
}

async function isOutdated(path: string, now: number): Promise<boolean> {
  const state = await readState(path).catch(() => null);
  const at = state?.kind === "present" ? state.fields["at"] : null;
  return typeof at === "number" && now - at > TOKEN_RETENTION;
}

/** Epoch ms; infinity where nothing is there. */
async function writtenAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}

function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
