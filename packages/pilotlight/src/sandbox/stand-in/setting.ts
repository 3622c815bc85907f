import { appendFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Environment, locate } from "../../claude/locations.ts";
import { type BuildBehaviour, buildBehaviour } from "./build-behaviour.ts";

/** Everything a run of the stand-in depends on besides its arguments. */
export interface Setting {
  readonly build: BuildBehaviour;
  readonly sandbox: URL;
  /** The process environment, with what `settings.json` puts over it. */
  readonly env: Environment;
  readonly cwd: string;
  readonly configDir: string;
  readonly credentialsFile: string;
  /** `.claude.json`. */
  readonly stateFile: string;
  /** The directory whose locks guard the credential file. */
  readonly lockDir: string;
  readonly apiKeyHelper: string | null;
  /** Adds a line to the file of `--debug-file`, if one is named. */
  debug(level: "ERROR" | "DEBUG", line: string): void;
}

interface Given {
  readonly env: Environment;
  readonly settings: {
    readonly env: Environment;
    readonly apiKeyHelper: string | null;
  };
  readonly cwd: string;
  readonly home: string;
  readonly debugFile: string | null;
}

/** Puts a setting together. @throws Error unless it is a rehearsal: see `sandboxIn`. */
export function setting({ env: processEnv, settings, cwd, home, debugFile }: Given): Setting {
  const build = buildBehaviour(processEnv["PILOTLIGHT_STAND_IN"]);
  // The address is the rehearsal's to give: no settings file can change it.
  const sandbox = sandboxIn(processEnv["PILOTLIGHT_TOKEN_URL"]);
  const env = { ...processEnv, ...settings.env };
  const ignored = build.honoursSecureStorage ? {} : { CLAUDE_SECURESTORAGE_CONFIG_DIR: undefined };
  const place = locate({ dir: null, credentialsFile: null }, { ...processEnv, ...ignored }, home);
  return {
    build,
    sandbox,
    env,
    cwd,
    configDir: place.configDir,
    credentialsFile: place.credentialsFile,
    stateFile: place.stateFile,
    lockDir: place.lockDir,
    apiKeyHelper: settings.apiKeyHelper,
    debug(level, line) {
      if (debugFile === null) return;
      const path = resolve(cwd, debugFile);
      appendFileSync(path, `${new Date().toISOString()} [${level}] ${line}\n`);
    },
  };
}

/**
 * Reads the address of the sandbox from that of its token endpoint. The stand-in is an actor in a rehearsal: it knows
 * no other server.
 * @throws Error for anything but plain HTTP on 127.0.0.1 with a port.
 */
function sandboxIn(text: string | undefined): URL {
  const url = URL.parse(text ?? "");
  const isSandbox = url?.protocol === "http:" && url.hostname === "127.0.0.1" && url.port !== "";
  if (isSandbox && url.username === "" && url.password === "") return url;
  throw new Error(
    "this is a stand-in for rehearsals: PILOTLIGHT_TOKEN_URL must be a sandbox's, http://127.0.0.1:<port>/v1/oauth/token",
  );
}

/** The folder of one working directory's sessions: every character but letters and digits becomes a hyphen. */
export function sessionsFolder({ configDir, cwd }: Pick<Setting, "configDir" | "cwd">): string {
  return join(configDir, "projects", cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
}
