import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Credential } from "../../core/credential.ts";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { type Fields, isObject, isTooDeep } from "../../core/json-object.ts";
import type { CredentialFormat, DurableFiles } from "../../core/ports.ts";
import { cannotPersist, textOf } from "../../disk/cannot-persist.ts";
import { makePrivateDirectory, syncDirectory } from "../../disk/directory.ts";
import { readSmallText } from "../../disk/read-small-text.ts";

/** The version of every JSON file in the state directory (docs/storage-schema.md). */
const SCHEMA = 1;

/** What a state file holds; `reason` never quotes it. */
export type State =
  | { readonly kind: "absent" }
  | { readonly kind: "corrupt"; readonly reason: string }
  | { readonly kind: "present"; readonly fields: Fields };

/**
 * Reads a state file and makes nothing.
 * @throws PilotlightError `state_newer`, `state_unreadable` when it is there and cannot be read, or `cannot_persist` where its directory is none.
 */
export async function readState(path: string): Promise<State> {
  let text: string;
  try {
    text = await readSmallText(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { kind: "absent" };
    // A file stands where the directory should be: what is in the way is told as when it is written.
    if (errnoOf(error) === "ENOTDIR") throw cannotPersist(path, error);
    throw new PilotlightError("state_unreadable", `${path}: ${textOf(error)}`, { cause: error });
  }
  const fields = parseObject(text);
  const schema = fields?.["schema"];
  if (fields === null || typeof schema !== "number") {
    return { kind: "corrupt", reason: `${path} is not a state file (${text.length} characters)` };
  }
  if (schema > SCHEMA) {
    const detail = `${path} has schema ${schema}; this Pilotlight knows ${SCHEMA}`;
    throw new PilotlightError("state_newer", detail);
  }
  return schema === SCHEMA
    ? { kind: "present", fields }
    : { kind: "corrupt", reason: `${path} has the unknown schema ${schema}` };
}

/** Writes a state file and, if need be, its directory (0700). @throws PilotlightError `cannot_persist`. */
export async function writeState(files: DurableFiles, path: string, fields: Fields): Promise<void> {
  await makeDirectoryOf(path);
  await files.write(path, `${JSON.stringify({ schema: SCHEMA, ...fields })}\n`);
}

/** @throws PilotlightError `cannot_persist`. */
export async function makeDirectoryOf(path: string): Promise<void> {
  try {
    await makePrivateDirectory(dirname(path));
  } catch (error) {
    throw cannotPersist(dirname(path), error);
  }
}

/** Moves a file that cannot be understood into the archive: it may hold the only copy of a token. */
export async function setAside(
  path: string,
  archive: string,
  login: string,
  now: number,
): Promise<void> {
  const aside = join(archive, `${login}-${now}-corrupt.json`);
  await makeDirectoryOf(aside);
  try {
    await rename(path, aside);
    await syncDirectory(archive);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw cannotPersist(path, error);
  }
}

/** A credential as text inside a state file. */
export function printCredential(format: CredentialFormat, credential: Credential): string {
  return format.merge(null, credential);
}

/** @returns `null` for what is no credential. */
export function parseCredential(format: CredentialFormat, text: unknown): Credential | null {
  if (typeof text !== "string") return null;
  const entry = format.parse(text);
  return entry.state === "present" ? entry.credential : null;
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !isTooDeep(value) ? value : null;
  } catch {
    return null;
  }
}
