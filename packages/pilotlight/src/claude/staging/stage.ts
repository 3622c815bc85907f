import { chmod, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Credential, Entry } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import type { DurableFiles } from "../../core/ports.ts";
import { Secret } from "../../core/secret.ts";
import { credentialsFile } from "../credentials-file.ts";

const CREDENTIAL = ".credentials.json";
/** Kept from run to run: without it, each run would look like a new device. */
const STATE = ".claude.json";
const DEBUG_LOG = "refresh-debug.log";
const OUTPUT = "refresh-output.log";

/** The CLI touches its lock every 5 s (measured 2026-11). */
const BEAT = 5_000;

/** A private directory in which Claude Code refreshes a copy of one login. */
export interface Stage {
  readonly directory: string;
  readonly debugLog: string;
  readonly output: string;
  /** Makes the directory, 0700, and proves that it takes what a refresh writes. @throws PilotlightError `cannot_persist` */
  prove(): Promise<void>;
  /** Leaves nothing but the copy of `credential`, marked as expired so that the CLI refreshes it. */
  put(credential: Credential): Promise<void>;
  read(): Promise<Entry>;
  /** True while a CLI in here keeps its refresh lock alive. */
  isBeating(now: number): Promise<boolean>;
  /** Removes every token and log. */
  clear(): Promise<void>;
}

export function stageIn(directory: string, files: DurableFiles): Stage {
  const credentialPath = join(directory, CREDENTIAL);

  async function clear(): Promise<void> {
    for (const name of await readdir(directory).catch(() => [])) {
      if (name !== STATE) await rm(join(directory, name), { recursive: true, force: true });
    }
    await rm(`${directory}.lock`, { recursive: true, force: true });
  }

  return {
    directory,
    debugLog: join(directory, DEBUG_LOG),
    output: join(directory, OUTPUT),
    clear,

    async prove() {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await chmod(directory, 0o700);
      } catch (error) {
        throw new PilotlightError("cannot_persist", `${directory}: ${(error as Error).message}`);
      }
      await files.prove(directory);
    },

    async put(credential) {
      await clear();
      // Only this login is copied, never its siblings: a CLI in here cannot touch an MCP login.
      const fields = new Secret({ ...credential.fields.reveal(), expiresAt: 1 });
      await files.write(credentialPath, credentialsFile.merge(null, { ...credential, fields }));
    },

    async read() {
      try {
        return credentialsFile.parse(await readFile(credentialPath, "utf8"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: "absent" };
        const reason = `${credentialPath}: ${(error as Error).message}`;
        return { state: "unreadable", code: "credential_unreadable", reason };
      }
    },

    async isBeating(now) {
      for (const lock of [join(directory, ".oauth_refresh.lock"), `${directory}.lock`]) {
        const beat = (await stat(lock).catch(() => null))?.mtimeMs;
        if (beat !== undefined && Math.abs(now - beat) < 3 * BEAT) return true;
      }
      return false;
    },
  };
}
