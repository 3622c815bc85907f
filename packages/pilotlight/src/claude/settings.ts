import { readFile } from "node:fs/promises";
import { isObject } from "../core/json-object.ts";

/** What Pilotlight needs of Claude Code's `settings.json`. */
export interface Settings {
  /** Variables that Claude Code sets over the process environment (measured 2026-11). */
  readonly env: Readonly<Record<string, string>>;
  readonly apiKeyHelper: string | null;
}

const NOTHING: Settings = { env: {}, apiKeyHelper: null };

/** Reads a settings file; one that is missing or broken sets nothing, as in Claude Code. */
export async function readSettings(path: string): Promise<Settings> {
  return settingsIn(await readFile(path, "utf8").catch(() => ""));
}

/** Reads settings from their JSON text; what is broken sets nothing. */
export function settingsIn(text: string): Settings {
  let value: unknown;
  try {
    // Unlike its credential, Claude Code reads its settings with a byte order mark too (measured 2026-11).
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return NOTHING;
  }
  if (!isObject(value)) return NOTHING;
  const env: Record<string, string> = {};
  if (isObject(value["env"])) {
    for (const [name, set] of Object.entries(value["env"])) {
      // Claude Code takes a number or a boolean for its text (measured 2026-11).
      if (["string", "number", "boolean"].includes(typeof set)) env[name] = String(set);
    }
  }
  const helper = value["apiKeyHelper"];
  return { env, apiKeyHelper: typeof helper === "string" && helper !== "" ? helper : null };
}
