import type { Environment } from "../claude/locations.ts";
import { tokenKindOf } from "../core/credential.ts";
import { PilotlightError } from "../core/errors.ts";

/** A credential, and the place that a person would change. */
export interface Placed {
  readonly value: string;
  /** `the option apiKey`, or the variable. */
  readonly place: string;
}

/** The credentials that were given, by option or variable. */
export interface Given {
  readonly apiKey: Placed | null;
  readonly env: Environment;
}

/** The API key for direct calls: the option, or the variable. What is blank is not given. @throws PilotlightError `wrong_credential` for what no header takes */
export function apiKeyIn(option: string | undefined, env: Environment): Placed | null {
  const places = [
    { value: (option ?? "").trim(), place: "the option apiKey" },
    { value: (env["ANTHROPIC_API_KEY"] ?? "").trim(), place: "ANTHROPIC_API_KEY" },
  ];
  const found = places.find(({ value }) => value !== "") ?? null;
  if (found !== null && !/^[\x21-\x7e]+$/.test(found.value)) {
    const why = "holds white space or what is no ASCII: copy the key again, in one piece";
    throw new PilotlightError("wrong_credential", `${found.place} ${why}`);
  }
  return found;
}

/** Stops credentials in the wrong place before anything is sent. @throws PilotlightError `wrong_credential`, with the place and the fix */
export function refuseWrongKinds({ apiKey, env }: Given): void {
  const variables = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];
  const placed = variables.map((place) => ({ place, value: (env[place] ?? "").trim() }));
  for (const { value, place } of apiKey === null ? placed : [apiKey, ...placed]) {
    const why = wrongIn(place, value);
    if (why !== null) throw new PilotlightError("wrong_credential", `${place} ${why}`);
  }
}

function wrongIn(place: string, value: string): string | null {
  // Quotes are left by --env-file, and "Bearer " by a copied header.
  const [token = value] = /sk-ant-(?:oat|ort|api)[^\s"']*/i.exec(value) ?? [];
  switch (tokenKindOf(token.toLowerCase())) {
    case "oauth-refresh":
      return "holds a refresh token, which is for nobody to pass on: take it out; it stays in Claude Code's credential store";
    case "oauth-access":
      if (place === "CLAUDE_CODE_OAUTH_TOKEN") return null;
      return `holds an OAuth token, and the Messages API takes none: put an API key (sk-ant-api…) there, or take it out and set CLAUDE_CODE_OAUTH_TOKEN for work through Claude Code (auth: "subscription")`;
    case "api-key":
      if (place !== "CLAUDE_CODE_OAUTH_TOKEN") return null;
      return "holds an API key: put it into ANTHROPIC_API_KEY, or a token of `claude setup-token` here";
    case "unknown":
      return null;
  }
}

/** A subscription was demanded, and a key given. @throws PilotlightError `wrong_credential` */
export function refuseKeyForSubscription(option: string | undefined): void {
  if (option === undefined) return;
  const why = `the option apiKey is given with auth: "subscription", which uses no key: leave one of the two out`;
  throw new PilotlightError("wrong_credential", why);
}

/** What is known of the credential that Claude Code would use. */
export interface Scoped {
  /** A setup-token is for inference alone. */
  readonly isSetupToken: boolean;
  /** `null` where they are not known. */
  readonly scopes: readonly string[] | null;
  readonly place: string;
}

/** @throws PilotlightError `scope_missing` where work needs a scope that the credential is known to lack */
export function refuseMissingScopes(
  needed: readonly string[],
  { isSetupToken, scopes, place }: Scoped,
): void {
  const granted = isSetupToken ? ["user:inference"] : scopes;
  const missing = granted === null ? [] : needed.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  const what = isSetupToken ? "holds a setup-token, which is for inference alone" : "lacks";
  const fix = isSetupToken
    ? `unset ${place} and sign in by pilotlight login`
    : "sign in again by pilotlight login";
  throw new PilotlightError("scope_missing", `${place} ${what} (${missing.join(", ")}): ${fix}`);
}
