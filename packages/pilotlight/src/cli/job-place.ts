import type { Environment, Locations } from "../claude/locations.ts";
import type { Entry } from "../core/credential.ts";
import { readEnvFile } from "../stores/read-env-file.ts";
import type { Config, LoginConfig } from "./config.ts";
import { stateOf } from "./state-of.ts";

/** Where a job of a login looks for its credential. */
interface JobPlace {
  readonly env: Environment;
  readonly locations: Locations;
  /** What Claude Code stores there. */
  readonly entry: Entry;
}

/**
 * For a login in an env file, its variables are in the job's environment, as a service loads them; beside them counts what
 * Claude Code stores for this user. A file that cannot be read sets nothing: the state of the login says so.
 */
export async function jobPlace(config: Config, login: LoginConfig): Promise<JobPlace> {
  const { envFile } = login;
  const { locations, store } = stateOf(config, { ...login, envFile: null });
  const file = envFile === null ? null : await readEnvFile(envFile);
  const set = file?.kind === "variables" ? file.variables : {};
  return { env: { ...config.env, ...set }, locations, entry: await store.read() };
}
