import type { Stats } from "node:fs";
import type { Entry } from "../core/credential.ts";
import { parseEnvFile } from "../core/env-file.ts";
import { readDocument } from "../disk/read-document.ts";

/** What stands where an env file should. `target` is where a symlink leads, `stats` are the target's. */
export type EnvFileOnDisk =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly entry: Extract<Entry, { state: "unreadable" }> }
  | {
      readonly kind: "variables";
      readonly variables: Readonly<Record<string, string>>;
      readonly text: string;
      readonly target: string;
      readonly stats: Stats;
    };

/** Reads an env file without blocking. Never throws. */
export async function readEnvFile(path: string): Promise<EnvFileOnDisk> {
  const document = await readDocument(path);
  if (document.kind === "absent") return document;
  if (document.kind === "unreadable") {
    const { code, reason } = document.entry;
    return code === "credential_corrupt" ? corrupt(reason) : document;
  }
  const { text, target, stats } = document;
  // What is no UTF-8 would be written back as something else.
  if (text.includes("\uFFFD")) return corrupt(`${path} is not UTF-8`);
  const read = parseEnvFile(text);
  if (read.kind === "corrupt") return corrupt(`${path}: ${read.reason}`);
  return { kind: "variables", variables: read.variables, text, target, stats };
}

function corrupt(reason: string): EnvFileOnDisk {
  return { kind: "unreadable", entry: { state: "unreadable", code: "env_file_corrupt", reason } };
}
