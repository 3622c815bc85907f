import { PilotlightError } from "../core/errors.ts";

/** Loads an optional peer. @throws PilotlightError `config_invalid` where it is not installed */
export async function peer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new PilotlightError("config_invalid", `this backend needs ${name}: npm install ${name}`, {
      cause: error,
    });
  }
}
