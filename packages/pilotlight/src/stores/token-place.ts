import type { Stats } from "node:fs";
import { dirname } from "node:path";
import type { Token } from "../core/credential.ts";
import { setInEnvFile } from "../core/env-file.ts";
import { PilotlightError } from "../core/errors.ts";
import type { DurableFiles } from "../core/ports.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { readDocument } from "../disk/read-document.ts";
import { replaceFile } from "../disk/replace-file.ts";
import { sweepTempsOf } from "../disk/temp-file.ts";
import { isMountPoint, readMounts } from "./mount.ts";
import { readEnvFile } from "./read-env-file.ts";
import { proveRename } from "./write-mode.ts";

/** A file that is to hold a token, for its owner only. */
export interface TokenPlace {
  readonly path: string;
  /**
   * Proves that a token can be put there, and changes nothing.
   * @throws PilotlightError `cannot_persist`, `env_file_corrupt`, `credential_unreadable`, `credential_not_a_file`
   */
  prove(): Promise<void>;
  /**
   * Puts the token there durably, whole or not at all: 0600, the owner as before, a symlink's target.
   * @returns the mode by which others could read the file until now; `null` where none could
   * @throws PilotlightError as `prove`; the file is then as it was
   */
  put(token: Token): Promise<number | null>;
}

const PRIVATE = 0o600;

/** A variable in an env file; every other line stays. */
export function envFilePlace(path: string, name: string, files: DurableFiles): TokenPlace {
  const look = async (): Promise<Found> => {
    const file = await readEnvFile(path);
    if (file.kind === "unreadable") throw new PilotlightError(file.entry.code, file.entry.reason);
    return file.kind === "absent" ? { target: path, stats: null, text: "" } : file;
  };
  return placeOf(path, files, look, (text, token) =>
    setInEnvFile(text, name, token.secret.reveal()),
  );
}

/** A file of its own, which holds the bare token and no line break. */
export function tokenFilePlace(path: string, files: DurableFiles): TokenPlace {
  const look = async (): Promise<Found> => {
    const file = await readDocument(path);
    if (file.kind === "unreadable") throw new PilotlightError(file.entry.code, file.entry.reason);
    if (file.kind === "absent") return { target: path, stats: null, text: "" };
    if (file.text.trim() !== "" && !/^\s*sk-ant-\S+\s*$/.test(file.text)) {
      const detail = `${path}: there is something else than a token in it, which would be lost`;
      throw new PilotlightError("cannot_persist", detail);
    }
    return file;
  };
  return placeOf(path, files, look, (_, token) => token.secret.reveal());
}

interface Found {
  readonly target: string;
  readonly stats: Stats | null;
  readonly text: string;
}

function placeOf(
  path: string,
  files: DurableFiles,
  look: () => Promise<Found>,
  textWith: (text: string, token: Token) => string,
): TokenPlace {
  return {
    path,
    async prove() {
      const { target, stats } = await look();
      await (stats === null
        ? files.prove(dirname(target))
        : proveReplaceable(target, stats, files));
    },
    async put(token) {
      const { target, stats, text } = await look();
      try {
        await sweepTempsOf(target, "dead");
        await replaceFile(target, textWith(text, token), {
          keep: stats && { mode: PRIVATE, uid: stats.uid, gid: stats.gid },
          mayCommit: () => Promise.resolve(true),
        });
      } catch (error) {
        throw cannotPersist(path, error);
      }
      const mode = (stats?.mode ?? PRIVATE) & 0o777;
      // Windows has no such bits.
      return process.platform !== "win32" && (mode & 0o077) !== 0 ? mode : null;
    },
  };
}

async function proveReplaceable(target: string, stats: Stats, files: DurableFiles): Promise<void> {
  const uid = process.geteuid?.() ?? null;
  if (uid !== null && uid !== 0 && uid !== stats.uid) {
    const detail = `${target}: EPERM: it belongs to uid ${stats.uid}; run as its owner`;
    throw new PilotlightError("cannot_persist", detail);
  }
  if (isMountPoint(await readMounts(), target)) {
    const why = "it is mounted as a single file and cannot be replaced; mount its directory";
    throw new PilotlightError("cannot_persist", `${target}: EBUSY: ${why}`);
  }
  return proveRename(target, stats, files);
}
