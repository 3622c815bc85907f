import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { DurableFiles } from "../../core/ports.ts";
import { Secret } from "../../core/secret.ts";
import { credentialsFile } from "../credentials-file.ts";

/**
 * A private directory that holds a login without its refresh token. A Claude Code that reads its
 * credential there cannot rotate, blank or race the login, even if it is killed in mid-request
 * (measured on 2.1.216 and 2.1.329, 2026-11); it re-reads the file before each request.
 */
export interface Projection {
  readonly directory: string;
  /** Puts this generation's access token there, replacing the one before. @throws PilotlightError `cannot_persist` */
  show(credential: Credential): Promise<void>;
  remove(): Promise<void>;
}

export function projectionIn(directory: string, files: DurableFiles): Projection {
  return {
    directory,
    async show(credential) {
      const { refreshToken: _, ...fields } = credential.fields.reveal();
      const accessOnly = { ...credential, refreshToken: null, fields: new Secret(fields) };
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw new PilotlightError("cannot_persist", `${directory}: ${(error as Error).message}`);
      }
      await files.write(
        join(directory, ".credentials.json"),
        credentialsFile.merge(null, accessOnly),
      );
    },
    async remove() {
      await rm(directory, { recursive: true, force: true });
      await rm(`${directory}.lock`, { recursive: true, force: true });
    },
  };
}
