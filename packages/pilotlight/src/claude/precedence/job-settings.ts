import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type BuildRules, guardedBy, rulesOf } from "../build/build-rules.ts";
import { jsonFault } from "./json-place.ts";
import {
  readSettingsLayer,
  type Settings,
  type SettingsLayer,
  settingsLayerIn,
} from "./settings.ts";

/** All settings that a job will meet, and where each value that matters comes from. */
export interface JobSettings extends Settings {
  /** For each variable set under `env`, and for `apiKeyHelper`: the file (or flag) and the key. */
  readonly origins: Readonly<Record<string, string>>;
  /** The helper that is left under `--bare`: one from `--settings`. */
  readonly bareHelper?: string | undefined;
  /** Variables that a project's settings name in vain, and where. */
  readonly ignored?: Readonly<Record<string, string>> | undefined;
  /** What a stronger file sets anew, and where it stands. */
  readonly overridden?: readonly { readonly name: string; readonly where: string }[] | undefined;
  /** Files that Claude Code ignores as a whole, and why. */
  readonly faults?: readonly SettingsFault[] | undefined;
  readonly forceLoginMethod?: SettingsValue | undefined;
  readonly forceLoginOrg?: SettingsValue | undefined;
}

interface SettingsFault {
  readonly place: string;
  readonly why: string;
  /** True where Claude Code does not start at all. */
  readonly isFatal: boolean;
}

interface SettingsValue {
  readonly value: string;
  readonly place: string;
  readonly isManaged: boolean;
}

const MANAGED: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "/etc/claude-code/managed-settings.json",
  darwin: "/Library/Application Support/ClaudeCode/managed-settings.json",
  win32: "C:\\Program Files\\ClaudeCode\\managed-settings.json",
};

type Scope = "user" | "project" | "local" | "flag" | "managed";
type Layer = readonly [scope: Scope, place: string, layer: SettingsLayer];

/** The settings files that `--setting-sources` chooses among; all of them without it. */
const SETTING_SOURCES = ["user", "project", "local"] as const;

/**
 * Reads the settings of a job that starts in `cwd`, weakest first as Claude Code ranks them:
 * user, project, local, `--settings` (a file or JSON), managed.
 */
export async function readJobSettings(options: {
  readonly userFile: string;
  readonly cwd: string;
  /** The value of `--settings`, if the command line has one. */
  readonly flag: string | null;
  /** The value of `--setting-sources`, if the command line has one. */
  readonly sources?: string | null | undefined;
  readonly managedFile?: string | undefined;
  /** Those of the newest build unless given. */
  readonly rules?: BuildRules | undefined;
  /** Is there a credential file, and no setup-token in the process environment? */
  readonly hasLoginFile?: boolean | undefined;
}): Promise<JobSettings> {
  const { userFile, cwd, flag, sources = null, managedFile = MANAGED[process.platform] } = options;
  const { rules = rulesOf(null), hasLoginFile = false } = options;
  const files = {
    user: userFile,
    project: join(cwd, ".claude", "settings.json"),
    local: join(cwd, ".claude", "settings.local.json"),
  };
  const chosen = sources === null ? SETTING_SOURCES : sources.split(",").map((name) => name.trim());
  const layers: Layer[] = [];
  for (const scope of SETTING_SOURCES) {
    if (!chosen.includes(scope)) continue;
    layers.push([scope, files[scope], await readSettingsLayer(files[scope])]);
  }
  const bad = chosen.find(
    (name) => name !== "" && !SETTING_SOURCES.some((known) => known === name),
  );
  const faults = bad === undefined ? [] : [unknownSource(bad)];
  if (flag !== null) {
    const { layer, fault } = await flagLayer(flag, cwd);
    layers.push(["flag", "--settings", layer]);
    if (fault !== null) faults.push(fault);
  }
  if (managedFile !== undefined)
    layers.push(["managed", managedFile, await readSettingsLayer(managedFile)]);
  return merged(layers, faults, { ...rules, hasLoginFile });
}

function unknownSource(name: string): SettingsFault {
  const why = `${JSON.stringify(name)} is none of ${SETTING_SOURCES.join(", ")}`;
  return { place: "--setting-sources", why, isFatal: true };
}

async function flagLayer(flag: string, cwd: string) {
  const isJson = flag.trimStart().startsWith("{");
  const trouble = isJson ? jsonFault(flag) : null;
  // Text that is no JSON is taken for the name of a file, and a file has to be there.
  const path = resolve(cwd, flag);
  const isHere = isJson
    ? trouble === null
    : ((await stat(path).catch(() => null)) ?? null) !== null;
  const layer =
    isHere && !isJson ? await readSettingsLayer(path) : settingsLayerIn(isHere ? flag : "");
  if (isHere) return { layer, fault: null };
  const why = trouble ?? `there is no file ${path}`;
  return { layer, fault: { place: "--settings", why, isFatal: true } satisfies SettingsFault };
}

function merged(
  layers: readonly Layer[],
  fatal: readonly SettingsFault[],
  rules: BuildRules & { readonly hasLoginFile: boolean },
): JobSettings {
  const sum: Sum = { env: {}, origins: {}, ignored: {}, overridden: [] };
  const faults = [...fatal];
  let rest: Omit<JobSettings, keyof Sum> = { apiKeyHelper: null };
  for (const layer of layers) {
    const [scope, place, { env, apiKeyHelper, fault }] = layer;
    const isFatal = scope === "managed" && rules.needsManaged && fault?.isParsed === false;
    // In the home directory, the user's file is the project's as well.
    const isNew = !faults.some((one) => one.place === place);
    if (fault !== null && isNew) faults.push({ place, why: fault.why, isFatal });
    const guarded =
      scope === "project" || scope === "local" ? guardedBy(rules, rules.hasLoginFile) : [];
    for (const [name, value] of Object.entries(env)) {
      const where = `${place} (env.${name})`;
      if (guarded.includes(name)) sum.ignored[name] = where;
      else {
        put(sum, name, where);
        sum.env[name] = value;
      }
    }
    if (apiKeyHelper !== null) {
      put(sum, "apiKeyHelper", `${place} (apiKeyHelper)`);
      if (apiKeyHelper === "") delete sum.origins["apiKeyHelper"];
      rest = { ...rest, ...helperOf(scope, apiKeyHelper) };
    }
    rest = { ...rest, ...forced(layer) };
  }
  const { env, origins, ignored, overridden } = sum;
  return {
    env,
    origins,
    ...rest,
    ...(Object.keys(ignored).length > 0 && { ignored }),
    ...(overridden.length > 0 && { overridden }),
    ...(faults.length > 0 && { faults }),
  };
}

/** What all layers add up to. */
interface Sum {
  readonly env: Record<string, string>;
  readonly origins: Record<string, string>;
  readonly ignored: Record<string, string>;
  readonly overridden: { readonly name: string; readonly where: string }[];
}

function put({ origins, overridden }: Sum, name: string, where: string): void {
  const weaker = origins[name];
  if (weaker !== undefined) overridden.push({ name, where: weaker });
  origins[name] = where;
}

function helperOf(scope: Scope, text: string): Pick<JobSettings, "apiKeyHelper" | "bareHelper"> {
  const apiKeyHelper = text === "" ? null : text;
  // Not even a managed one is read under --bare (measured 2026-11).
  if (scope !== "flag") return { apiKeyHelper };
  return { apiKeyHelper, bareHelper: apiKeyHelper ?? undefined };
}

function forced([scope, place, layer]: Layer): Partial<JobSettings> {
  const { forceLoginMethod: method, forceLoginOrg: org } = layer;
  const at = (key: string, value: string): SettingsValue => ({
    value,
    place: `${place} (${key})`,
    isManaged: scope === "managed",
  });
  return {
    ...(method !== null && { forceLoginMethod: at("forceLoginMethod", method) }),
    ...(org !== null && { forceLoginOrg: at("forceLoginOrgUUID", org) }),
  };
}
