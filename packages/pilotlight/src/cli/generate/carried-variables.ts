import { resolve } from "node:path";
import type { Environment } from "../../claude/locations.ts";
import { SETTINGS } from "../settings-table.ts";

const PATHS = [
  "CLAUDE_CONFIG_DIR",
  "CLAUDE_SECURESTORAGE_CONFIG_DIR",
  "PILOTLIGHT_CONFIG",
  "PILOTLIGHT_STATE_DIR",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
];

const TEXTS = [
  ...Object.values(SETTINGS).map(({ variable }) => variable),
  "PILOTLIGHT_CREDENTIALS_FILE",
  "CLAUDE_CREDENTIALS_PATH",
  "CLAUDE_CODE_OAUTH_CLIENT_ID",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
];

interface Carried {
  readonly variables: Readonly<Record<string, string>>;
  readonly withheld: readonly string[];
}

/** The variables that a service needs to find what this process finds. Only names of this list: never a credential. */
export function carriedVariables(env: Environment): Carried {
  const variables: Record<string, string> = {};
  const withheld: string[] = [];
  for (const name of [...PATHS, ...TEXTS]) {
    const value = env[name];
    // An empty CLAUDE_CONFIG_DIR is the working directory; any other empty variable counts for nothing.
    if (value === undefined || (value === "" && name !== "CLAUDE_CONFIG_DIR")) continue;
    const isSecret = /:\/\/[^/\s]*@/.test(value);
    // A line break could not be written down in most of the formats.
    if (isSecret || /\p{Cc}/u.test(value)) withheld.push(name);
    else variables[name] = PATHS.includes(name) ? resolve(value) : value;
  }
  return { variables, withheld };
}
