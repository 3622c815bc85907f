import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { loginFiles } from "./login-files.ts";
import { readState } from "./state-file.ts";

/** The paths of a login's records that could not be understood: the present one, and those in the archive. Never throws. */
export async function corruptRecords(directory: string, login: string): Promise<readonly string[]> {
  const { record, archive } = loginFiles(directory, login);
  const state = await readState(record).catch(() => null);
  const names = await readdir(archive).catch((): string[] => []);
  const start = `${login}-record-`;
  const aside = names
    .filter(
      (name) => name.startsWith(start) && /^\d+-corrupt\.json$/.test(name.slice(start.length)),
    )
    .map((name) => join(archive, name));
  return state?.kind === "corrupt" ? [record, ...aside] : aside;
}
