import type { Secret } from "../../core/secret.ts";
import { readSecretFile } from "../secret-file.ts";

/** Reads the token that guards the HTTP face. @throws PilotlightError `config_invalid` as `readSecretFile` */
export function readBearerToken(path: string): Promise<Secret> {
  return readSecretFile(path, "token file");
}
