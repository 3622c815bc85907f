import { endAs } from "../../child/child-end.ts";
import { refuseNested } from "../../claude/staging/staging-environment.ts";
import type { Credential } from "../../core/credential.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isoOf } from "../../core/iso-time.ts";
import { type Config, type LoginConfig, readConfig } from "../config.ts";
import { onEnding } from "../ending-signals.ts";
import type { Io } from "../io.ts";
import { refuseKeychain } from "../refuse-keychain.ts";
import { hooksOf } from "../keep/run-hooks.ts";
import { stateLease } from "../keep/state-lease.ts";
import { type CodeSource, codeSource } from "../login/pasted-code.ts";
import { openSignIn } from "../login/open-sign-in.ts";
import type { SignedIn, SignIn } from "../login/sign-in.ts";
import { selectLogin } from "../logins.ts";
import { readDuration } from "../read-duration.ts";
import { systemClock } from "../system-clock.ts";

export interface LoginFlags {
  readonly login?: string;
  readonly codeFrom?: string;
  readonly switchAccount?: boolean;
  readonly fromRefreshToken?: boolean;
  readonly timeout?: string;
  readonly qr?: boolean;
  readonly json?: boolean;
}

const PATIENCE = 15 * 60_000;

/** How often a person may paste something that cannot be a code. */
const TRIES = 5;

/**
 * `pilotlight login`: a person signs in through Claude Code's own flow, and the present login stays in use until the
 * new one is proved.
 */
export async function login(flags: LoginFlags, io: Io): Promise<number> {
  refuseNested(io.env);
  refuseKeychain("claude auth login");
  const config = await readConfig(io.env);
  const one = selectLogin(config, flags.login);
  const limit =
    flags.timeout === undefined ? PATIENCE : readDuration("--timeout", flags.timeout, "15m");
  const stopped = new AbortController();
  const deafen = stopOnSignal(stopped);
  const maySwitch = flags.switchAccount ?? false;
  const signal = stopped.signal;
  try {
    const isTakenOver = flags.fromRefreshToken ?? false;
    const begun = await openSignIn(config, one, { maySwitch, signal, isTakenOver });
    const timer = setTimeout(() => stopped.abort("no code came in time"), limit);
    try {
      const done = await carryOut(begun, codeSource(flags.codeFrom, io, signal), flags, io);
      await report(done, one, flags, io);
    } finally {
      clearTimeout(timer);
      await begun.close();
    }
    await tellOthers(config, one, io);
    return 0;
  } catch (error) {
    const why = signal.aborted ? String(signal.reason) : null;
    if (why === null || !(error instanceof PilotlightError) || error.code === "code_rejected")
      throw error;
    throw new PilotlightError("sign_in_failed", why);
  } finally {
    deafen();
  }
}

/** The link goes out, the code comes in; what cannot be a code is asked for again where a person is there to answer. */
async function carryOut(
  begun: SignIn,
  source: CodeSource,
  flags: LoginFlags,
  io: Io,
): Promise<SignedIn> {
  const { link } = begun;
  if (link === null) {
    if (flags.json !== true && flags.fromRefreshToken !== true) {
      io.err("A sign-in that was completed before is taken up again.\n");
    }
    return begun.resume();
  }
  await showLink(link, flags, io);
  let complaint: string | null = null;
  for (let tries = 1; ; tries += 1) {
    const pasted = await source.next(complaint);
    if (pasted === null) throw new PilotlightError("sign_in_failed", "no code was given");
    if (flags.json !== true) io.err("Proving the new login …\n");
    try {
      return await begun.give(pasted);
    } catch (error) {
      const isOnce = !begun.isOpen() || !source.isPatient || tries === TRIES;
      if (!(error instanceof PilotlightError) || isOnce) throw error;
      complaint = error.message;
    }
  }
}

async function showLink(link: string, { json, qr }: LoginFlags, io: Io): Promise<void> {
  if (json === true) return io.out(`${JSON.stringify({ event: "link", url: link })}\n`);
  io.err("Open this link on any device, agree, and paste the code that is shown afterwards:\n\n");
  // Alone on its line and unwrapped: terminals make that clickable.
  io.out(`${link}\n`);
  if (io.isTty && qr !== false) {
    const { renderUnicodeCompact } = await import("uqr");
    io.err(`\n${renderUnicodeCompact(link, { ecc: "L", border: 1 })}\n`);
  }
  io.err("\n");
}

async function report(
  { credential, isResumed }: SignedIn,
  { name }: LoginConfig,
  { json }: LoginFlags,
  io: Io,
): Promise<void> {
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

/** Ctrl-C and TERM give the sign-in up; once the code is on its way they wait for its end. @returns what stops that */
function stopOnSignal(stopped: AbortController): () => void {
  let asked: NodeJS.Signals | null = null;
  return onEnding((signal) => {
    if (asked !== null) endAs({ kind: "signalled", signal });
    asked = signal;
    stopped.abort(`${signal} came`);
  });
}
