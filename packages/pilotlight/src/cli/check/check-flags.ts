import { parseArgs } from "node:util";
import { type CheckLimits, USUAL_LIMITS } from "../../core/check-state.ts";
import { PilotlightError } from "../../core/errors.ts";
import { readDuration } from "../read-duration.ts";

/** What a check is asked. */
export interface CheckFlags {
  readonly login: string | undefined;
  readonly json: boolean;
  readonly limits: CheckLimits;
}

/** The options of `check` as its help shows them; a test holds the defaults to those of `readCheckFlags`. */
export const CHECK_OPTIONS: readonly (readonly [flags: string, text: string])[] = [
  ["--login <name>", "only this login"],
  ["--warn-login <time>", "warn when less is left of the login (default 4d)"],
  ["--crit-login <time>", "critical when less is left of the login (default 1d)"],
  ["--warn-token <time>", "warn when less is left of a token that cannot be renewed (default 1h)"],
  ["--crit-token <time>", "critical when less is left of such a token (default 15m)"],
  ["--on-demand", "jobs start through pilotlight run: an expired, renewable token is OK"],
  ["--json", "print pilotlight.check/v1"],
];

/** What the help of `check` says of its exit codes. */
export const CHECK_EXITS = `
Exit codes (as Nagios has them, for check alone):
  0  OK    1  WARNING    2  CRITICAL    3  UNKNOWN (wrong usage, too)
`;

/** Reads the words after `check`. No parser is loaded for it: a monitor runs this all day. @throws PilotlightError `usage` */
export function readCheckFlags(words: readonly string[]): CheckFlags {
  const { values } = parsed(words);
  const time = (name: "warn-login" | "crit-login" | "warn-token" | "crit-token", ms: number) => {
    const text = values[name];
    return text === undefined ? ms : readDuration(`--${name}`, text, "30m or 4d");
  };
  const limits = {
    warnLogin: time("warn-login", USUAL_LIMITS.warnLogin),
    critLogin: time("crit-login", USUAL_LIMITS.critLogin),
    warnToken: time("warn-token", USUAL_LIMITS.warnToken),
    critToken: time("crit-token", USUAL_LIMITS.critToken),
    onDemand: values["on-demand"] ?? USUAL_LIMITS.onDemand,
  };
  for (const [crit, warn, name] of [
    [limits.critLogin, limits.warnLogin, "login"],
    [limits.critToken, limits.warnToken, "token"],
  ] as const) {
    if (crit <= warn) continue;
    throw new PilotlightError("usage", `--crit-${name} must not be longer than --warn-${name}`);
  }
  return { login: values.login, json: values.json ?? false, limits };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        login: { type: "string" },
        "warn-login": { type: "string" },
        "crit-login": { type: "string" },
        "warn-token": { type: "string" },
        "crit-token": { type: "string" },
        "on-demand": { type: "boolean" },
        json: { type: "boolean" },
      },
    });
  } catch (error) {
    const [reason = ""] = (error as Error).message.split(". ");
    throw new PilotlightError("usage", reason.replace(/\.$/, ""), { cause: error });
  }
}
