import { join } from "node:path";
import { PilotlightError } from "../../core/errors.ts";

/** Where one login's state lies, under the state directory. */
export interface LoginFiles {
  readonly journal: string;
  /** The last good generation; holds tokens. */
  readonly generation: string;
  /** What hot commands read; holds no token. */
  readonly record: string;
  readonly archive: string;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** Names that would lead to another login's file, or on Windows to a device. */
const TAKEN = /\.(generation|spill)$|^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/** @throws PilotlightError `config_invalid` for a login name that is no safe file name. */
export function loginFiles(directory: string, login: string): LoginFiles {
  if (!NAME.test(login) || TAKEN.test(login)) {
    throw new PilotlightError(
      "config_invalid",
      `login name ${JSON.stringify(login.slice(0, 80))}: use 1 to 64 letters, digits, ".", "_" and "-", the first a letter or digit`,
    );
  }
  return {
    journal: join(directory, "journal", `${login}.json`),
    generation: join(directory, "journal", `${login}.generation.json`),
    record: join(directory, "logins", `${login}.json`),
    archive: archiveIn(directory),
  };
}

export function archiveIn(directory: string): string {
  return join(directory, "journal", "archive");
}
