import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Fingerprint, type Pair, pairOf } from "../core/credential.ts";
import { type ErrorCode, TRAITS } from "../core/errors.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import type {
  Clock,
  CredentialFormat,
  DurableFiles,
  GrantProcess,
  Journal,
  JournalRecord,
} from "../core/ports.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { removeFile } from "../disk/directory.ts";
import { type LoginFiles, loginFiles } from "./state/login-files.ts";
import { removeOldTokens } from "./state/retention.ts";
import {
  makeDirectoryOf,
  parseCredential,
  printCredential,
  readState,
  setAside,
  writeState,
} from "./state/state-file.ts";

/** What the state files of one login are made with. */
export interface StateParts {
  /** The state directory. */
  readonly directory: string;
  readonly login: string;
  readonly format: CredentialFormat;
  readonly files: DurableFiles;
  readonly clock: Pick<Clock, "now">;
}

/**
 * The journal of one login: `journal/<login>.json`, and `journal/archive/` beside it.
 * A journal that cannot be understood reads as `in_doubt`, because a grant may have been in flight;
 * the next `write` or `clear` moves it into the archive.
 * @throws PilotlightError `config_invalid` for a login name that is no file name.
 */
export function fileJournal(parts: StateParts): Journal {
  const { directory, login, format, files, clock } = parts;
  const paths = loginFiles(directory, login);
  return {
    read: async () => (await readRecord(paths, format)).record,

    async write(record) {
      await keepCorrupt(parts, paths);
      await writeState(files, paths.journal, printRecord(format, record));
    },

    async clear() {
      if (await keepCorrupt(parts, paths)) return;
      try {
        await removeFile(paths.journal);
      } catch (error) {
        throw cannotPersist(paths.journal, error);
      }
    },

    async archive(credential) {
      const name = `${login}-${clock.now()}-${hexOf(pairOf(credential))}.json`;
      const fields = {
        login,
        at: clock.now(),
        pair: pairOf(credential),
        credential: printCredential(format, credential),
      };
      await writeState(files, join(paths.archive, name), fields);
      await removeOldTokens(directory, clock.now());
    },

    async proveWritable() {
      await makeDirectoryOf(paths.journal);
      await files.prove(dirname(paths.journal));
    },
  };
}

/** @returns whether there was one. */
async function keepCorrupt(parts: StateParts, paths: LoginFiles): Promise<boolean> {
  const { isCorrupt } = await readRecord(paths, parts.format);
  if (isCorrupt) await setAside(paths.journal, paths.archive, parts.login, parts.clock.now());
  return isCorrupt;
}

async function readRecord(
  { journal }: LoginFiles,
  format: CredentialFormat,
): Promise<{ record: JournalRecord | null; isCorrupt: boolean }> {
  const state = await readState(journal);
  if (state.kind === "absent") return { record: null, isCorrupt: false };
  const record = state.kind === "present" ? parseRecord(state.fields, format) : null;
  if (record !== null) return { record, isCorrupt: false };
  const reason = state.kind === "corrupt" ? state.reason : `${journal} lacks what a journal has`;
  const at = await stat(journal).then(
    (stats) => Math.floor(stats.mtimeMs),
    () => 0,
  );
  return { record: doubtful(reason, at), isCorrupt: true };
}

function doubtful(reason: string, at: number): JournalRecord {
  return {
    step: "in_doubt",
    from: { access: null, refresh: null },
    driver: "cli",
    at,
    process: null,
    issued: null,
    retried: false,
    wasRetried: false,
    code: "in_doubt",
    detail: `the journal cannot be understood: ${reason}`,
  };
}

function printRecord(format: CredentialFormat, record: JournalRecord): Fields {
  const { issued } = record;
  return { ...record, issued: issued === null ? null : printCredential(format, issued) };
}

function parseRecord(fields: Fields, format: CredentialFormat): JournalRecord | null {
  const { step, from, driver, at, process, issued, retried, wasRetried, code, detail } = fields;
  const pair = parsePair(from);
  const credential = issued === null ? null : parseCredential(format, issued);
  if (step !== "intent" && step !== "result" && step !== "in_doubt") return null;
  if (driver !== "cli" && driver !== "endpoint") return null;
  if (pair === null || typeof at !== "number" || typeof detail !== "string") return null;
  if (issued !== null && credential === null) return null;
  if (process !== null && !isGrantProcess(process)) return null;
  return {
    step,
    from: pair,
    driver,
    at,
    process,
    issued: credential,
    retried: retried === true,
    wasRetried: wasRetried === true,
    code: typeof code === "string" && code in TRAITS ? (code as ErrorCode) : null,
    detail,
  };
}

function parsePair(value: unknown): Pair | null {
  if (!isObject(value)) return null;
  const { access, refresh } = value;
  return isFingerprintOrNull(access) && isFingerprintOrNull(refresh) ? { access, refresh } : null;
}

function isFingerprintOrNull(value: unknown): value is Fingerprint | null {
  return value === null || (typeof value === "string" && value.startsWith("sha256:"));
}

function isGrantProcess(value: unknown): value is GrantProcess {
  return (
    isObject(value) && typeof value["pid"] === "number" && typeof value["startedAt"] === "string"
  );
}

function hexOf(pair: Pair): string {
  return (pair.refresh ?? pair.access ?? "none").replace("sha256:", "");
}
