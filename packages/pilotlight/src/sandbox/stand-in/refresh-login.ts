import { CLAUDE_CODE } from "../client.ts";
import { type Answer, exchange, NoAnswer, objectIn } from "./exchange.ts";
import {
  blank,
  isDue,
  type LoginFile,
  readLogin,
  type StoredLogin,
  storeTokens,
} from "./login-file.ts";
import { type Held, takeRefreshLocks, underWriteLock } from "./refresh-locks.ts";
import type { Setting } from "./setting.ts";

/**
 * What came of a refresh. `refreshed`: the server issued a pair, or somebody else stored one. `unstored`: the file
 * could not be written, so a new pair is lost. `rejected`: the grant is dead, and the file says so. `failed`: nothing
 * is known. `late`: nothing came in time. `busy` and `stuck`: the locks were not to be had.
 */
export type Refreshing =
  "refreshed" | "unstored" | "rejected" | "failed" | "late" | "busy" | "stuck";

/** Refresh tokens that were rejected although the file could not be emptied; they are not sent again (measured 2026-11). */
const rejected = new Set<string>();

/** Refreshes `from` under the locks, unless somebody else has done so by then. */
export async function refreshLogin(setting: Setting, from: StoredLogin): Promise<Refreshing> {
  const locks = await takeRefreshLocks(setting, () => isReplaced(readLogin(setting), from));
  switch (locks) {
    case "settled":
      return afterwards(readLogin(setting));
    case "busy":
      return "busy";
    case "stuck":
      // The older build gives up and goes on with what it has.
      return setting.build.blanks ? "stuck" : "busy";
    case "impossible":
      return "failed";
    default:
      return underLocks(setting, from, locks);
  }
}

async function underLocks(setting: Setting, from: StoredLogin, locks: Held): Promise<Refreshing> {
  try {
    const now = readLogin(setting);
    if (isReplaced(now, from)) return afterwards(now);
    return await spend(setting, from);
  } finally {
    locks.release();
  }
}

/** True when the file holds something else than `from`. */
function isReplaced(now: LoginFile, from: StoredLogin): boolean {
  return now.kind !== "login" || now.login.accessToken !== from.accessToken;
}

function afterwards(now: LoginFile): Refreshing {
  if (now.kind !== "login") return "rejected";
  return isDue(now.login, Date.now()) ? "failed" : "refreshed";
}

async function spend(setting: Setting, from: StoredLogin): Promise<Refreshing> {
  const spent = from.refreshToken ?? "";
  if (rejected.has(spent)) return "failed";
  const answer = await ask(setting, spent);
  if (answer instanceof NoAnswer) return answer.isLate ? "late" : "failed";
  const body = objectIn(answer.text);
  if (answer.status !== 200) {
    if (body?.["error"] === "invalid_grant") return reject(setting, from, answer);
    if (isLogged(setting, answer)) debugFailure(setting, statusText(answer));
    return "failed";
  }
  if (body === null) return "failed";
  const { access_token: accessToken, refresh_token: refreshToken, scope } = body;
  if (typeof accessToken !== "string") return "failed";
  // Without `scope` neither build keeps the answer, and both go on as if they had (measured 2026-11).
  if (typeof scope !== "string") return "refreshed";
  const tokens = {
    accessToken,
    refreshToken: typeof refreshToken === "string" ? refreshToken : undefined,
    expiresAt: Date.now() + Number(body["expires_in"] ?? 0) * 1000,
    scopes: scope.split(" "),
  };
  try {
    await underWriteLock(setting, () => storeTokens(setting, tokens));
    return "refreshed";
  } catch {
    return "unstored";
  }
}

async function ask({ build, sandbox, env, debug }: Setting, refreshToken: string) {
  const client = env["CLAUDE_CODE_OAUTH_CLIENT_ID"] || CLAUDE_CODE.id;
  try {
    return await exchange({
      url: new URL("/v1/oauth/token", sandbox),
      headers: { accept: "application/json, text/plain, */*", "user-agent": build.agents.token },
      body: {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        client_id: client,
        scope: build.scope,
      },
      timeout: build.tokenTimeout,
    });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    debugFailure({ debug }, error.message);
    return error;
  }
}

async function reject(setting: Setting, from: StoredLogin, answer: Answer): Promise<Refreshing> {
  debugFailure(setting, statusText(answer));
  if (!setting.build.blanks) return "failed";
  const now = readLogin(setting);
  if (isReplaced(now, from)) return afterwards(now);
  const description = objectIn(answer.text)?.["error_description"];
  const atTimeLimit = typeof description === "string" && /expired/i.test(description);
  try {
    await underWriteLock(setting, () => blank(setting, atTimeLimit));
    return "rejected";
  } catch {
    rejected.add(from.refreshToken ?? "");
    return "failed";
  }
}

/** A 500 and an error in Anthropic's style leave no line in the log (measured on 2.1.329, 2026-11). */
function isLogged({ build }: Setting, { status }: Answer): boolean {
  return build.blanks && [403, 429, 502, 503, 504].includes(status);
}

function statusText({ status }: Answer): string {
  return `Request failed with status code ${status}`;
}

function debugFailure({ debug }: Pick<Setting, "debug">, reason: string): void {
  debug("ERROR", `OAuth refresh failed (expected): ${reason}`);
}
