import { type CheckedLogin, type LoginStatus, openLogin } from "pilotlight";
import { type Claude, PilotlightError, traitsOf } from "pilotlight/orchestrator";
import { withoutTokens } from "../core/without-tokens.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

type Auth = "api-key" | "subscription";

/** How things stand, from good to bad. */
export type State = "ok" | "warning" | "critical";

/** One thing to be said, and what to do about it. */
export interface Warning {
  readonly state: Exclude<State, "ok">;
  readonly code: string;
  readonly message: string;
  readonly command: string | null;
}

/** The credential that the next question will use. Times are ISO 8601. */
export interface CredentialHealth {
  readonly auth: Auth;
  readonly source: string;
  readonly phase: string;
  readonly expiresAt: string | null;
  readonly expiresInSeconds: number | null;
  readonly loginEndsAt: string | null;
  readonly usable: boolean;
  readonly refreshable: boolean;
  readonly proof: string;
}

export interface CredentialReport {
  readonly credential: CredentialHealth | null;
  readonly warnings: readonly Warning[];
}

/** What is known of the credential, without a question, a write or a request. */
export async function credentialHealth(
  claude: Claude,
  auth: Auth,
  env: Environment,
): Promise<CredentialReport> {
  try {
    return await (auth === "subscription" ? healthOfLogin(env) : healthOfKey(claude, env));
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    return { credential: null, warnings: [warningOf(error)] };
  }
}

async function healthOfLogin(env: Environment): Promise<CredentialReport> {
  const login = await openLogin({ env });
  const [status, checked] = await Promise.all([login.status(), login.check()]);
  return {
    credential: ofStatus(status, "subscription"),
    warnings: warningsIn(checked, "a claude without Pilotlight does so, this service does not"),
  };
}

/** A key tells no end. A login beside it changes nothing here, but whoever reads the bill should know. */
async function healthOfKey(claude: Claude, env: Environment): Promise<CredentialReport> {
  claude.plan();
  const checked = await (await openLogin({ env })).check();
  const beside = warningsIn(checked, "this service does so, and it is billed by use").filter(
    ({ code }) => code === "credential_shadowed",
  );
  const credential: CredentialHealth = {
    auth: "api-key",
    source: (env["ANTHROPIC_API_KEY"] ?? "") === "" ? "profile" : "ANTHROPIC_API_KEY",
    phase: "static",
    expiresAt: null,
    expiresInSeconds: null,
    loginEndsAt: null,
    usable: true,
    refreshable: false,
    proof: claude.health().isWell ? "unproved" : "refuted",
  };
  return { credential, warnings: beside };
}

function ofStatus(status: LoginStatus, auth: Auth): CredentialHealth {
  const { source, phase, accessToken, loginEndsAt, usable, refreshable, proof } = status;
  return {
    auth,
    source,
    phase,
    expiresAt: accessToken?.expiresAt ?? null,
    expiresInSeconds: accessToken?.expiresInSeconds ?? null,
    loginEndsAt,
    usable,
    refreshable,
    proof: proof.state,
  };
}

/** @param shadowed what a key beside the login means to this service */
function warningsIn({ remarks }: CheckedLogin, shadowed: string): readonly Warning[] {
  return remarks
    .filter(({ state }) => state !== "OK")
    .map(({ state, code, text, command }) => ({
      state: state === "WARNING" ? "warning" : "critical",
      code: code ?? "unknown",
      message: code === "credential_shadowed" ? `${text}: ${shadowed}` : text,
      command,
    }));
}

function warningOf({ code, message }: PilotlightError): Warning {
  const { what, fix, command = null } = traitsOf(code);
  const text = withoutTokens(`${what}: ${message}. ${fix}`);
  return { state: "critical", code, message: text, command };
}
