import { PilotlightError } from "../core/errors.ts";
import type { Config, LoginConfig } from "./config.ts";

/** The logins a command is about: the one named, or all. @throws PilotlightError `usage` for a name nobody configured. */
export function selectLogins(config: Config, name: string | undefined): readonly LoginConfig[] {
  if (name === undefined) return config.logins;
  const found = config.logins.filter((login) => login.name === name);
  if (found.length > 0) return found;
  const known = config.logins.map((login) => login.name).join(", ");
  throw new PilotlightError(
    "usage",
    `there is no login named ${JSON.stringify(name)} (known: ${known})`,
  );
}

/** The one login that a command is about. @throws PilotlightError `usage` where several could be meant */
export function selectLogin(config: Config, name: string | undefined): LoginConfig {
  const [login, ...others] = selectLogins(config, name);
  if (login !== undefined && others.length === 0) return login;
  throw new PilotlightError("usage", "several logins are configured: name one with --login");
}
