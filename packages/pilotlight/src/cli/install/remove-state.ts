import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../../core/errors.ts";
import { cannotPersist } from "../../disk/cannot-persist.ts";

/** All that Pilotlight keeps in a state directory (docs/storage-schema.md), and its temporary files. */
const KEPT =
  /^(logins|journal|staging|projections|keepers|alerts|minted|renew|builds\.json|history\.db([.-].+)?|install\.json|\..+\.pilotlight-.+\.tmp)$/;

/** Whether a refresh of any login, configured or not, was not brought to its end. */
export async function isJournalOpen(directory: string): Promise<boolean> {
  const names = await readdir(join(directory, "journal")).catch((): string[] => []);
  return names.some((name) => /^[\w-]+(\.spill)?\.json$/.test(name));
}

/** Removes what Pilotlight keeps in its state directory, and the directory where nothing else is in it. */
export async function removeState(directory: string): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      if (KEPT.test(name)) await rm(join(directory, name), { recursive: true, force: true });
    }
    await rmdir(directory);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) {
      throw cannotPersist(directory, error);
    }
  }
}
