import { refuseNested } from "../../claude/staging/staging-environment.ts";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isoOf } from "../../core/iso-time.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { refuseKeychain } from "../refuse-keychain.ts";
import { hooksOf } from "../keep/run-hooks.ts";
import { stateLease } from "../keep/state-lease.ts";
import { holdDialogue } from "../login/dialogue.ts";
import { type MintFlags, mintLogin } from "../login/mint-login.ts";
import { openSignIn } from "../login/open-sign-in.ts";
import type { SignedIn } from "../login/sign-in.ts";
import { selectLogin } from "../logins.ts";
import { systemClock } from "../system-clock.ts";

export interface LoginFlags extends MintFlags {
  readonly login?: string;
  readonly switchAccount?: boolean;
  readonly fromRefreshToken?: boolean;
  readonly setupToken?: boolean;
}

/**
 * `pilotlight login`: a person signs in through Claude Code's own flow, and what is in use stays so until the new login, or
 * the new token of a year, is proved.
 */
export async function login(flags: LoginFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  const config = await readConfig(io.env);
  const one = selectLogin(config, flags.login);
  const isMint = flags.setupToken === true || one.envFile !== null;
  refuseMixed(flags, isMint);
  const isReplaced = await (isMint ? mintLogin : storeLogin)(config, one, flags, io);
  if (isReplaced) await tellOthers(config, one, io);
  return 0;
}

/** What goes with the one way of signing in means nothing for the other. */
function refuseMixed(flags: LoginFlags, isMint: boolean): void {
  const { toEnvFile, toSystemdCredential, switchAccount, fromRefreshToken } = flags;
  const refuse = (why: string): never => {
    throw new PilotlightError("usage", why);
  };
  if (!isMint && (toEnvFile ?? toSystemdCredential) !== undefined) {
    refuse("--to-env-file and --to-systemd-credential go with --setup-token");
  }
  if (isMint && (switchAccount === true || fromRefreshToken === true)) {
    refuse("--switch-account and --from-refresh-token do not go with a setup-token");
  }
  if (toEnvFile !== undefined && toSystemdCredential !== undefined) {
    refuse("a token goes to one place: --to-env-file or --to-systemd-credential");
  }
}

async function storeLogin(
  config: Config,
  login: LoginConfig,
  flags: LoginFlags,
  io: Io,
): Promise<boolean> {
  refuseKeychain("claude auth login");
  const maySwitch = flags.switchAccount ?? false;
  const isTakenOver = flags.fromRefreshToken ?? false;
  const done = await holdDialogue({
    begin: (signal) => openSignIn(config, login, { maySwitch, isTakenOver, signal }),
    flags,
    io,
    what: "login",
    isUnattended: isTakenOver,
  });
  report(done, login, flags, io);
  return true;
}

function report(
  { credential, isResumed }: SignedIn,
  { name }: LoginConfig,
  { json }: LoginFlags,
  io: Io,
): void {
  const { accessToken, expiresAt, loginEndsAt } = credential;
  if (json === true) {
    const schema = "pilotlight.login/v1";
    const toFingerprint = accessToken?.fingerprint ?? null;
    const ends = { expiresAt: isoOf(expiresAt), loginEndsAt: isoOf(loginEndsAt) };
    const done = { event: "signed_in", schema, login: name, isResumed, toFingerprint, ...ends };
    return io.out(`${JSON.stringify(done)}\n`);
  }
  io.out(`${name}: signed in and proved${untilOf(credential)}\n`);
}

function untilOf({ loginEndsAt }: Credential): string {
  const end = isoOf(loginEndsAt);
  return end === null ? "" : `; this login ends on ${end.slice(0, 10)}`;
}

/** A daemon that keeps this login sees the sign-in and tells of it; without one it is told here. */
async function tellOthers(config: Config, { name }: LoginConfig, io: Io): Promise<void> {
  const lease = stateLease(config.stateDir, name, systemClock);
  if (!(await lease.take())) return;
  lease.release();
  const hooks = hooksOf(config, (_, why) => io.err(`pilotlight: on_renewed failed: ${why}\n`));
  hooks.call({ event: "renewed", login: name, code: null });
  await hooks.settled();
}
