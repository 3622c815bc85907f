import { AUTH_MODES, type AuthMode } from "../../claude/precedence/choose-credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { readDuration } from "../read-duration.ts";
import { ISOLATE_MODES, type IsolateMode } from "./secure-access.ts";

const RETRY_MODES = ["safe", "resume", "never"] as const;

/** What `run` is asked for; times in ms. */
export interface JobOptions {
  readonly auth: AuthMode;
  readonly minTtl: number;
  readonly retry: (typeof RETRY_MODES)[number];
  readonly isolate: IsolateMode;
  readonly waitForReset: number;
  /** Whether one short request is to prove the credential before the job starts. */
  readonly mustProve: boolean;
  /** A monitor that is told of start, success and failure. */
  readonly ping: URL | null;
  readonly isVerbose: boolean;
}

/** The flags as they were typed. */
export interface JobFlags {
  readonly auth?: string;
  readonly minTtl?: string;
  readonly retry?: string;
  readonly isolate?: string;
  readonly waitForReset?: string;
  readonly prove?: boolean;
  readonly ping?: string;
  readonly verbose?: boolean;
}

/** @throws PilotlightError `usage` */
export function readJobOptions(flags: JobFlags): JobOptions {
  return {
    auth: choice("--auth", flags.auth ?? "auto", AUTH_MODES),
    minTtl: readDuration("--min-ttl", flags.minTtl ?? "15m", "15m or 2h"),
    retry: choice("--retry", flags.retry ?? "safe", RETRY_MODES),
    isolate: choice("--isolate", flags.isolate ?? "auto", ISOLATE_MODES),
    waitForReset: readDuration("--wait-for-reset", flags.waitForReset ?? "0s", "15m or 2h"),
    mustProve: flags.prove ?? false,
    ping: flags.ping === undefined ? null : address("--ping", flags.ping),
    isVerbose: flags.verbose ?? false,
  };
}

function choice<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((one) => one === value);
  if (found !== undefined) return found;
  throw new PilotlightError("usage", `${flag} ${value} is none of ${choices.join(", ")}`);
}

/** Whatever is wrong with it, an address is not repeated: whoever knows that of a monitor can answer for the job. */
function address(flag: string, value: string): URL {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new PilotlightError("usage", `${flag} is no http or https address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new PilotlightError("usage", `${flag} holds a user name or a password; it may have none`);
  }
  return url;
}
