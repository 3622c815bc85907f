import { credentialOf } from "../../src/claude/credentials-file.ts";
import type { Credential, Entry } from "../../src/core/credential.ts";
import type { KeptLogin } from "../../src/core/kept-login.ts";
import { type LoginView, loginStatus } from "../../src/core/login-status.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import { EMPTY_RECORD } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import { keepFace, type KeepFaceOptions } from "../../src/http/keep-face.ts";
import { keepMetrics } from "../../src/http/keep-metrics.ts";
import type { HistoryRow, KeepView } from "../../src/http/keep-view.ts";

export const NOW = Date.UTC(2026, 10, 20, 12);
export const HOUR = 3_600_000;
export const ACCESS = "sk-ant-oat01-TEST-access-of-the-small-keeper";
export const REFRESH = "sk-ant-ort01-TEST-refresh-of-the-small-keeper";
export const TOKEN = "TEST-bearer-of-the-small-keeper";
export const PORT = 7450;

export function credential(fields: object = {}): Credential {
  const entry = credentialOf({
    accessToken: ACCESS,
    refreshToken: REFRESH,
    expiresAt: NOW + 8 * HOUR,
    refreshTokenExpiresAt: NOW + 25 * 24 * HOUR,
    scopes: ["user:inference"],
    subscriptionType: "max",
    ...fields,
  });
  if (entry.state !== "present") throw new Error("it is a credential");
  return entry.credential;
}

export function entry(fields: object = {}): Entry {
  return { state: "present", credential: credential(fields) };
}

export function kept(name: string, changes: Partial<KeptLogin> = {}): KeptLogin {
  return {
    name,
    view: viewOf(name),
    lookedAt: NOW - 30_000,
    activity: "idle",
    trouble: null,
    renewedAt: null,
    nextAttemptAt: NOW + 5 * HOUR,
    ...changes,
  };
}

export function viewOf(name: string, changes: Partial<LoginView> = {}): LoginView {
  return {
    name,
    configDir: null,
    source: "claude-file",
    path: "/home/u/.claude/.credentials.json",
    driver: "cli",
    entry: entry(),
    record: EMPTY_RECORD,
    journal: null,
    jitter: 0,
    isKept: true,
    isReadOnly: false,
    ...changes,
  };
}

export const GONE: Partial<KeptLogin> = { view: viewOf("bot", { entry: { state: "absent" } }) };

const ROW: HistoryRow = {
  at: new Date(NOW - HOUR).toISOString(),
  login: "bot",
  kind: "refresh",
  code: "refreshed",
  exit: null,
  durationMs: 512,
  fromFingerprint: "sha256:01234567",
  toFingerprint: "sha256:89abcdef",
  requestId: null,
  detail: "for bot@example.com",
};

/** A keeper that only remembers, and what it was asked for. */
export interface SmallKeeper extends KeepView {
  known: KeptLogin[];
  ticking: boolean;
  readonly asked: unknown[];
  /** What the next refresh comes to, or throws. */
  outcome: () => Outcome;
  rows: () => readonly HistoryRow[];
  change(): void;
  watchers(): number;
}

export function smallKeeper(...known: KeptLogin[]): SmallKeeper {
  const listeners = new Set<() => void>();
  const keeper: SmallKeeper = {
    version: "1.2.3",
    known,
    ticking: true,
    asked: [],
    outcome: () => ({ kind: "unchanged", reason: "fresh", credential: credential() }),
    rows: () => [ROW],
    change: () => listeners.forEach((listener) => listener()),
    watchers: () => listeners.size,
    now: () => NOW,
    isTicking: () => keeper.ticking,
    logins: () => keeper.known,
    status: () => ({
      schema: "pilotlight.status/v1",
      generatedAt: new Date(NOW).toISOString(),
      effective: { source: "claude-file", billing: "subscription", shadowed: ["profile"] },
      logins: keeper.known.flatMap(({ view }) => (view === null ? [] : [loginStatus(view, NOW)])),
    }),
    async history(query) {
      keeper.asked.push(query);
      return keeper.rows();
    },
    async refresh(login, options) {
      keeper.asked.push({ login, ...options });
      return keeper.outcome();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    metrics: () => metrics.print(),
  };
  const metrics = keepMetrics({
    version: keeper.version,
    now: keeper.now,
    isTicking: keeper.isTicking,
    lastTickAt: () => NOW - 1000,
    logins: keeper.logins,
    billing: () => "subscription",
  });
  return keeper;
}

export type Ask = (path: string, init?: RequestInit & { host?: string }) => Promise<Response>;

/** Asks the face as a server on 127.0.0.1 would. */
export function faceOf(keeper: KeepView, options: Partial<KeepFaceOptions> = {}): Ask {
  const address = { host: "127.0.0.1", port: PORT };
  const token = new Secret(TOKEN);
  const face = keepFace(keeper, { address: () => address, token, ...options });
  return (path, { host = `127.0.0.1:${PORT}`, ...init } = {}) => {
    const headers = new Headers(init.headers);
    headers.set("host", host);
    return face(new Request(`http://${host}${path}`, { ...init, headers }));
  };
}

export const BEARER = { authorization: `Bearer ${TOKEN}` };
