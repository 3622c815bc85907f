import { endAs } from "../../child/child-end.ts";
import { refuseNested } from "../../claude/staging/staging-environment.ts";
import type { Credential, Entry } from "../../core/credential.ts";
import { printDuration } from "../../core/duration.ts";
import { type ErrorCode, PilotlightError, traitsOf } from "../../core/errors.ts";
import { exitOf, type Outcome } from "../../core/outcome.ts";
import type { KeeperEvent } from "../../core/ports.ts";
import { failedRefresh, failureIn, refreshResult } from "../../core/refresh-report.ts";
import { refresh as refreshLogin } from "../../keeper/refresh.ts";
import { chronicle } from "../chronicle.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { refuseKeychain } from "../refuse-keychain.ts";
import { readDuration } from "../read-duration.ts";
import { selectLogins } from "../logins.ts";
import { errorReport, printError } from "../print-error.ts";
import { printable } from "../printable.ts";
import { signalPatience } from "../signal-patience.ts";
import { stateOf } from "../state-of.ts";
import { wire } from "../wire.ts";

export interface RefreshFlags {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly minTtl?: string;
  readonly login?: string;
}

/** `pilotlight refresh`: renews each selected login if that is due. The exit status is the worst login's. */
export async function refresh(flags: RefreshFlags, io: Io): Promise<number> {
  const minTtl =
    flags.minTtl === undefined ? 0 : readDuration("--min-ttl", flags.minTtl, "30m or 2h");
  refuseNested(io.env);
  refuseKeychain();
  const config = await readConfig(io.env);
  const wish = { force: flags.force ?? false, minTtl };
  const exits: number[] = [];
  for (const login of selectLogins(config, flags.login)) {
    exits.push(await refreshOne(config, login, wish, flags.json ?? false, io));
  }
  return Math.max(...exits);
}

async function refreshOne(
  config: Config,
  login: LoginConfig,
  wish: { readonly force: boolean; readonly minTtl: number },
  isJson: boolean,
  io: Io,
): Promise<number> {
  const started = performance.now();
  const noted = chronicle(config.stateDir, login.name);
  const patience = signalPatience((event) => {
    noted.tell(event);
    tell(event, login, isJson, io);
  }, io);
  const parts = wire(config, login, patience.tell);
  const base = { schema: "pilotlight.refresh/v1", login: login.name, driver: config.driver };
  const report = (fields: object) => {
    const durationMs = Math.round(performance.now() - started);
    if (isJson) io.out(`${JSON.stringify({ ...base, ...fields, durationMs })}\n`);
  };
  const fail = (code: ErrorCode, detail: string) => {
    const error = new PilotlightError(code, placed(detail, config, login));
    io.err(printError(error));
    return error;
  };
  try {
    const outcome =
      login.envFile === null || wish.force
        ? await refreshLogin(parts, wish)
        : unrefreshed(await parts.store.read());
    report(refreshResult(outcome));
    const failure = failureIn(outcome);
    if (failure !== null) fail(failure.code, failure.detail);
    else if (!isJson) io.out(printOutcome(login.name, outcome));
    return exitOf(outcome);
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    const said = errorReport(fail(error.code, error.message));
    report({ ...failedRefresh(error.code), error: said });
    return traitsOf(error.code).exit;
  } finally {
    await noted.write();
    const signal = patience.stop();
    if (signal !== null) endAs({ kind: "signalled", signal });
  }
}

/** Nothing renews a token in an env file, so nothing is ever due; one that is not there is told all the same. */
function unrefreshed(entry: Entry): Outcome {
  if (entry.state === "unreadable") throw new PilotlightError(entry.code, entry.reason);
  if (entry.state === "absent") throw new PilotlightError("no_credential", "no token is in it");
  return { kind: "unchanged", reason: "fresh", credential: entry.credential };
}

/** Says which login a failure is about, and where that login lies. */
function placed(detail: string, config: Config, login: LoginConfig): string {
  const path = stateOf(config, login).locations.credentialsFile;
  return detail.includes(path) ? `${login.name}: ${detail}` : `${login.name} (${path}): ${detail}`;
}

function printOutcome(name: string, outcome: Outcome): string {
  const left = "credential" in outcome ? leftOf(outcome.credential) : "";
  switch (outcome.kind) {
    case "refreshed":
      return `${name}: refreshed, ${left}\n`;
    case "adopted":
      return `${name}: adopted a newer credential, ${left}\n`;
    default:
      return `${name}: nothing due, ${left}\n`;
  }
}

function leftOf(credential: Credential | null): string {
  const expiresAt = credential?.expiresAt ?? null;
  if (expiresAt === null) return "the access token's end is unknown";
  return `the access token ends in ${printDuration(expiresAt - Date.now())}`;
}

function tell(event: KeeperEvent, login: LoginConfig, isJson: boolean, io: Io): void {
  if (isJson || !io.isTty) return;
  if (event.kind === "grant_started")
    io.err(`${login.name}: refreshing through ${event.driver} …\n`);
  if (event.kind === "replayed") io.err(`${login.name}: ${printable(event.detail)}\n`);
  if (event.kind === "restored")
    io.err(`${login.name}: the store was repaired from the last good generation\n`);
}
