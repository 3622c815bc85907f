import { setTimeout as sleep } from "node:timers/promises";
import {
  type Chosen,
  type CredentialInUse,
  notLoggedIn,
  oauthHeaders,
} from "./chosen-credential.ts";
import { isDue, type LoginFile, readLogin, type StoredLogin } from "./login-file.ts";
import { refreshLogin, type Refreshing } from "./refresh-login.ts";
import type { Setting } from "./setting.ts";

const TIME_LIMIT =
  "Failed to authenticate: this login reached its time limit and cannot be renewed. Run `claude auth login` to sign in again, or use `claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN for unattended jobs";
const ENDED = "Failed to authenticate: OAuth session expired and could not be refreshed";
const STUCK =
  "Failed to refresh OAuth token: another Claude Code process is refreshing it or exited mid-refresh. This is usually transient; retry in a minute, and if it persists close other Claude Code processes or sign in again";

/** Requests for one message while the credential is refused: before and after a refresh that was stored. */
const TRIES = 2;
const TRIES_AFTER_REFRESH = 3;

/** ms that it goes on waiting, after a refusal, for a refresh that another process has in hand. */
const BUSY_PATIENCE = 9_000;
const POLL = 200;

/** What one run remembers of the stored login. */
interface Memory {
  readonly setting: Setting;
  login: StoredLogin | null;
  /** What came of the last refresh for the message at hand. */
  last: Refreshing | null;
  /** A refused token has led to a refresh already. */
  hasForced: boolean;
  /** It has waited for another process already. */
  hasWaited: boolean;
  /** The builds look at the file before a request, but not at what their own start has just done to it. */
  isStarting: boolean;
}

/** The login in the credential file, which is read again before every request. */
export function storedCredential(setting: Setting): CredentialInUse {
  const memory: Memory = { setting, login: null, ...NEW_MESSAGE };
  reload(memory);
  return {
    source: "claude-file",
    get login() {
      return memory.login;
    },
    start: (tries) => start(memory, tries),
    next: () => next(memory),
    refused: () => refused(memory),
    settled: () => void Object.assign(memory, NEW_MESSAGE),
  };
}

const NEW_MESSAGE = { last: null, hasForced: false, hasWaited: false, isStarting: false };

function reload(memory: Memory): LoginFile {
  const now = readLogin(memory.setting);
  if (now.kind === "login") memory.login = now.login;
  return now;
}

async function refresh(memory: Memory): Promise<Refreshing> {
  const { setting, login } = memory;
  memory.last = login === null ? "rejected" : await refreshLogin(setting, login);
  return memory.last;
}

async function start(memory: Memory, tries: 1 | 2): Promise<void> {
  if (memory.login === null || !isDue(memory.login, Date.now())) return;
  const result = await refresh(memory);
  const { refreshesWhenRefused } = memory.setting.build;
  if (result !== "failed" || tries === 1 || !refreshesWhenRefused) return;
  // The profile request that every start makes is refused, and leads to one more.
  await refresh(memory);
  memory.isStarting = true;
}

async function next(memory: Memory): Promise<Chosen> {
  const now = reload(memory);
  if (memory.last === "stuck") return stuck();
  if (now.kind === "none") return notLoggedIn();
  if (now.kind === "ended" && !memory.isStarting) return ended(now);
  memory.isStarting = false;
  if (mayRefresh(memory)) {
    if ((await refresh(memory)) === "stuck") return stuck();
    const after = reload(memory);
    if (after.kind === "ended") return ended(after);
  }
  return { kind: "headers", headers: oauthHeaders(memory.login?.accessToken ?? "") };
}

async function refused(memory: Memory): Promise<number> {
  const sent = memory.login?.accessToken;
  if (reload(memory).kind !== "login" || memory.login?.refreshToken === null) return TRIES;
  if (memory.login?.accessToken !== sent) return TRIES_AFTER_REFRESH;
  if (!memory.hasForced) {
    const result = await refresh(memory);
    if (result === "busy" && !memory.hasWaited) await waitForOthers(memory);
    else memory.hasForced = ["refreshed", "unstored", "late"].includes(result);
  }
  return memory.last === "refreshed" ? TRIES_AFTER_REFRESH : TRIES;
}

/** Waits a while for the refresh that another process has in hand. */
async function waitForOthers(memory: Memory): Promise<void> {
  const sent = memory.login?.accessToken;
  const deadline = performance.now() + BUSY_PATIENCE;
  memory.hasWaited = true;
  while (performance.now() < deadline) {
    await sleep(POLL);
    if (reload(memory).kind !== "login" || memory.login?.accessToken !== sent) return;
  }
}

/** The older build tries once a message; the newer goes on until a new pair could not be stored. */
function mayRefresh({ login, last, setting: { build } }: Memory): boolean {
  if (login === null || !isDue(login, Date.now())) return false;
  if (last === null) return true;
  return build.refreshesWhenRefused && last !== "unstored" && last !== "busy";
}

function ended({ atTimeLimit }: { readonly atTimeLimit: boolean }): Chosen {
  const text = atTimeLimit ? TIME_LIMIT : ENDED;
  return { kind: "refused", text, error: "authentication_failed" };
}

function stuck(): Chosen {
  return { kind: "refused", text: STUCK, error: "server_error" };
}
