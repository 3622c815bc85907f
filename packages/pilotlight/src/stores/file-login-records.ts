import type { Credential, Fingerprint } from "../core/credential.ts";
import { isErrorCode } from "../core/errors.ts";
import { type Fields, isObject } from "../core/json-object.ts";
import {
  type CredentialFormat,
  EMPTY_RECORD,
  type LoginRecord,
  type LoginRecords,
} from "../core/ports.ts";
import type { Verdict } from "../core/verdict.ts";
import { cannotPersist } from "../disk/cannot-persist.ts";
import { removeFile } from "../disk/directory.ts";
import type { StateParts } from "./file-journal.ts";
import { loginFiles } from "./state/login-files.ts";
import { TOKEN_RETENTION } from "./state/retention.ts";
import {
  parseCredential,
  printCredential,
  readState,
  setAside,
  writeState,
} from "./state/state-file.ts";

const SPENT_KEPT = 256;

/** A generation that is seen again and again is stamped anew only this often (ms). */
const STAMP_EVERY = 24 * 60 * 60 * 1000;

/**
 * What is remembered of one login: `logins/<login>.json` without a token in it, and the last good generation in
 * `journal/<login>.generation.json`, for 30 days after it was last seen. A record that cannot be understood reads as
 * an empty one; the next `write` moves it into the archive.
 * @throws PilotlightError `config_invalid` for a login name that is no file name.
 */
export function fileLoginRecords(parts: StateParts): LoginRecords {
  const { directory, login, format, files, clock } = parts;
  const paths = loginFiles(directory, login);
  return {
    async read() {
      const state = await readState(paths.record);
      const record = state.kind === "present" ? parseRecord(state.fields) : EMPTY_RECORD;
      const remembered = await readGeneration(paths.generation, format, clock.now());
      return { ...record, generation: remembered?.credential ?? null };
    },

    async write({ verdict, spent, generation, lifeLength }) {
      if ((await readState(paths.record)).kind === "corrupt") {
        await setAside(paths.record, paths.archive, `${login}-record`, clock.now());
      }
      // The tokens first: a verdict must never outlive the generation that it was made with.
      await writeGeneration(parts, paths.generation, generation);
      const fields = { verdict, spent: spent.slice(-SPENT_KEPT), lifeLength };
      await writeState(files, paths.record, fields);
    },
  };
}

interface Remembered {
  readonly credential: Credential;
  /** The credential as it is written down. */
  readonly text: unknown;
  /** Epoch ms. */
  readonly at: number;
}

/** A generation that is missing, too old, or not for us to read is no reason to fail: it serves repairs only. */
async function readGeneration(
  path: string,
  format: CredentialFormat,
  now: number,
): Promise<Remembered | null> {
  const state = await readState(path).catch(() => null);
  if (state?.kind !== "present") return null;
  const { at, credential: text } = state.fields;
  const credential = parseCredential(format, text);
  if (credential === null || typeof at !== "number" || now - at > TOKEN_RETENTION) return null;
  return { credential, text, at };
}

async function writeGeneration(
  { format, files, clock }: StateParts,
  path: string,
  generation: Credential | null,
): Promise<void> {
  const now = clock.now();
  if (generation === null) {
    try {
      return await removeFile(path);
    } catch (error) {
      throw cannotPersist(path, error);
    }
  }
  const text = printCredential(format, generation);
  const known = await readGeneration(path, format, now);
  if (known !== null && known.text === text && Math.abs(now - known.at) < STAMP_EVERY) return;
  await writeState(files, path, { at: now, credential: text });
}

function parseRecord(fields: Fields): LoginRecord {
  const { verdict, spent, lifeLength } = fields;
  return {
    verdict: isVerdict(verdict) ? verdict : null,
    spent: Array.isArray(spent) ? spent.filter(isFingerprint) : [],
    generation: null,
    lifeLength: typeof lifeLength === "number" ? lifeLength : null,
  };
}

function isVerdict(value: unknown): value is Verdict {
  if (!isObject(value) || typeof value["at"] !== "number") return false;
  switch (value["kind"]) {
    case "ended":
      return (
        isFingerprint(value["refresh"]) &&
        typeof value["code"] === "string" &&
        isErrorCode(value["code"])
      );
    case "rejected":
    case "proved":
      return isFingerprint(value["access"]) && typeof value["by"] === "string";
    default:
      return false;
  }
}

function isFingerprint(value: unknown): value is Fingerprint {
  return typeof value === "string" && value.startsWith("sha256:");
}
