import { join, resolve } from "node:path";
import { readSettings, type Settings, settingsIn } from "./settings.ts";

/** All settings that a job will meet, and where each value that matters comes from. */
export interface JobSettings extends Settings {
  /** For each variable set under `env`, and for `apiKeyHelper`: the file (or flag) and the key. */
  readonly origins: Readonly<Record<string, string>>;
}

const MANAGED: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "/etc/claude-code/managed-settings.json",
  darwin: "/Library/Application Support/ClaudeCode/managed-settings.json",
  win32: "C:\\Program Files\\ClaudeCode\\managed-settings.json",
};

/**
 * Reads the settings of a job that starts in `cwd`, weakest first as Claude Code ranks them:
 * user, project, local, `--settings` (a file or JSON), managed.
 */
export async function readJobSettings(options: {
  readonly userFile: string;
  readonly cwd: string;
  /** The value of `--settings`, if the command line has one. */
  readonly flag: string | null;
  readonly managedFile?: string | undefined;
}): Promise<JobSettings> {
  const { userFile, cwd, flag, managedFile = MANAGED[process.platform] } = options;
  const files = [
    userFile,
    join(cwd, ".claude", "settings.json"),
    join(cwd, ".claude", "settings.local.json"),
  ];
  const layers: [string, Settings][] = [];
  for (const file of files) layers.push([file, await readSettings(file)]);
  if (flag !== null) layers.push(["--settings", await settingsOfFlag(flag, cwd)]);
  if (managedFile !== undefined) layers.push([managedFile, await readSettings(managedFile)]);
  return layers.reduce<JobSettings>(
    (weaker, [place, stronger]) => ({
      env: { ...weaker.env, ...stronger.env },
      apiKeyHelper: stronger.apiKeyHelper ?? weaker.apiKeyHelper,
      origins: { ...weaker.origins, ...originsOf(place, stronger) },
    }),
    { env: {}, apiKeyHelper: null, origins: {} },
  );
}

async function settingsOfFlag(flag: string, cwd: string): Promise<Settings> {
  return flag.trimStart().startsWith("{") ? settingsIn(flag) : readSettings(resolve(cwd, flag));
}

function originsOf(place: string, { env, apiKeyHelper }: Settings): Record<string, string> {
  const origins: Record<string, string> = {};
  for (const name of Object.keys(env)) origins[name] = `${place} (env.${name})`;
  if (apiKeyHelper !== null) origins["apiKeyHelper"] = `${place} (apiKeyHelper)`;
  return origins;
}
