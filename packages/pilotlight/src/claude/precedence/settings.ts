import { errnoOf } from "../../core/errors.ts";
import { isObject } from "../../core/json-object.ts";
import { readSmallText } from "../../disk/read-small-text.ts";
import { jsonFault } from "./json-place.ts";

/** What Pilotlight needs of Claude Code's `settings.json`. */
export interface Settings {
  /** Variables that Claude Code sets over the process environment (measured 2026-11). */
  readonly env: Readonly<Record<string, string>>;
  readonly apiKeyHelper: string | null;
}

/** One settings file as it stands. */
export interface SettingsLayer {
  readonly env: Readonly<Record<string, string>>;
  /** "" takes away the helper of a weaker file; `null` leaves it. */
  readonly apiKeyHelper: string | null;
  readonly forceLoginMethod: string | null;
  readonly forceLoginOrg: string | null;
  /** Why Claude Code ignores the whole file; `null` where it does not. */
  readonly fault: LayerFault | null;
}

interface LayerFault {
  /** Where in the file, and what is wrong there. */
  readonly why: string;
  /** False for a text that is no JSON object at all. */
  readonly isParsed: boolean;
}

const NOTHING: SettingsLayer = {
  env: {},
  apiKeyHelper: null,
  forceLoginMethod: null,
  forceLoginOrg: null,
  fault: null,
};

/** Reads a settings file; one that is missing or broken sets nothing, as in Claude Code. */
export async function readSettings(path: string): Promise<Settings> {
  const { env, apiKeyHelper } = await readSettingsLayer(path);
  return { env, apiKeyHelper: apiKeyHelper || null };
}

/** Reads a settings file, and says what is wrong with it. */
export async function readSettingsLayer(path: string): Promise<SettingsLayer> {
  let text: string;
  try {
    text = await readSmallText(path);
  } catch (error) {
    const errno = errnoOf(error);
    const isMissing = errno === "ENOENT" || errno === "ENOTDIR" || path === "";
    return isMissing ? NOTHING : faulty(`it cannot be read (${errno ?? "unknown error"})`);
  }
  return settingsLayerIn(text);
}

/** Reads settings from their JSON text. Like Claude Code it takes nothing from a text that is wrong anywhere. */
export function settingsLayerIn(text: string): SettingsLayer {
  // Unlike its credential, Claude Code reads its settings with a byte order mark too (measured 2026-11).
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "") return NOTHING;
  const fault = jsonFault(json);
  if (fault !== null) return faulty(fault);
  const value: unknown = JSON.parse(json);
  if (!isObject(value)) return faulty("line 1, column 1: it is not an object");
  for (const [key, isRight, what] of CHECKS) {
    if (value[key] !== undefined && !isRight(value[key]))
      return faulty(`key "${key}": ${what}`, true);
  }
  const env: Record<string, string> = {};
  if (isObject(value["env"])) {
    for (const [name, set] of Object.entries(value["env"])) {
      // Claude Code takes a number or a boolean for its text (measured 2026-11).
      if (["string", "number", "boolean"].includes(typeof set)) env[name] = String(set);
    }
  }
  return {
    env,
    apiKeyHelper: textOf(value["apiKeyHelper"]),
    forceLoginMethod: textOf(value["forceLoginMethod"]),
    forceLoginOrg: textOf(value["forceLoginOrgUUID"]),
    fault: null,
  };
}

const isText = (value: unknown) => typeof value === "string";

/** Claude Code checks every key; these are the ones that people set beside a credential (measured 2026-11). */
const CHECKS: readonly (readonly [string, (value: unknown) => boolean, string])[] = [
  ["env", isObject, "it must be an object"],
  ["apiKeyHelper", isText, "it must be text"],
  ["permissions", isObject, "it must be an object"],
  ["model", isText, "it must be text"],
];

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function faulty(why: string, isParsed = false): SettingsLayer {
  return { ...NOTHING, fault: { why, isParsed } };
}
