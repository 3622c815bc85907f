import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isTooDeep } from "../../core/json-object.ts";
import type { DurableFiles } from "../../core/ports.ts";
import { REFRESH_COMMANDS, type RefreshCommand } from "./refresh-command.ts";

/** What a rehearsal found: the command that refreshes, waits and stores on this build, or none. */
export interface Rehearsal {
  readonly command: RefreshCommand | null;
  /** Epoch ms. */
  readonly at: number;
  readonly detail: string;
}

/** Whether a job of a build can be kept away from the refresh token. */
interface Isolation {
  readonly does: boolean;
  /** Epoch ms. */
  readonly at: number;
}

/** What is known of builds. A cache: what is lost of it is found out again. */
export interface BuildMemory {
  readonly schema: 1;
  readonly files: Readonly<Record<string, { readonly stamp: string; readonly hash: string }>>;
  readonly rehearsals: Readonly<Record<string, Rehearsal>>;
  readonly isolations: Readonly<Record<string, Isolation>>;
}

/** Where builds are remembered. */
export function memoryFileIn(stateDir: string): string {
  return join(stateDir, "builds.json");
}

/** The name of a build: its files' hashes and, of a wrapper, the version that it tells; "" for what is none. */
export function buildOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
}

/** Reads the memory; an empty one where there is none that is ours. */
export async function recall(path: string): Promise<BuildMemory> {
  const empty: BuildMemory = { schema: 1, files: {}, rehearsals: {}, isolations: {} };
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch {
    return empty;
  }
  if (isTooDeep(value)) return empty;
  // It is a cache: whatever is not exactly ours costs one more rehearsal.
  const memory = value as Partial<BuildMemory> | null;
  if (memory?.schema !== 1 || !memory.files || !memory.rehearsals) return empty;
  const rehearsals = Object.entries(memory.rehearsals).filter(([, known]) => isRehearsal(known));
  return {
    ...empty,
    files: memory.files,
    rehearsals: Object.fromEntries(rehearsals),
    isolations: isolationsOf(memory.isolations ?? {}),
  };
}

function isRehearsal(value: unknown): value is Rehearsal {
  const { command, at, detail } = (value ?? {}) as Partial<Rehearsal>;
  const isKnown =
    command === null || (typeof command === "string" && Object.hasOwn(REFRESH_COMMANDS, command));
  return isKnown && typeof at === "number" && typeof detail === "string";
}

/** A bare `true` was remembered without its time and still holds; a bare `false` may be as old as the file. */
function isolationsOf(known: object): BuildMemory["isolations"] {
  const entries = Object.entries(known).map(([build, value]) => [
    build,
    value === true ? { does: true, at: 0 } : (value as unknown),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => isIsolation(value)));
}

function isIsolation(value: unknown): value is Isolation {
  const { does, at } = (value ?? {}) as Partial<Isolation>;
  return typeof does === "boolean" && typeof at === "number";
}

/** What changes when a file does, without reading it. */
export async function stampOf(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join(":");
}

/** What cannot be remembered, as in a container that is read-only, is found out again. */
export async function remember(
  memory: BuildMemory,
  memoryFile: string,
  files: DurableFiles,
): Promise<void> {
  try {
    await mkdir(dirname(memoryFile), { recursive: true, mode: 0o700 });
    await files.write(memoryFile, JSON.stringify(memory));
  } catch {
    return;
  }
}
