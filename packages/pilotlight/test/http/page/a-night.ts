import type { KeptLogin } from "../../../src/core/kept-login.ts";
import { EMPTY_RECORD } from "../../../src/core/ports.ts";
import type { HistoryRow } from "../../../src/http/keep-view.ts";
import { credential, entry, HOUR, kept, NOW, smallKeeper, viewOf } from "../small-keeper.ts";

const MINUTE = 60_000;
const DAY = 24 * HOUR;

/** A row of the history, so many ms ago. */
export function row(ago: number, login: string, fields: Partial<HistoryRow>): HistoryRow {
  return {
    at: new Date(NOW - ago).toISOString(),
    login,
    kind: "refresh",
    code: "refreshed",
    exit: null,
    durationMs: null,
    fromFingerprint: null,
    toFingerprint: null,
    requestId: null,
    detail: null,
    ...fields,
  };
}

/** Renewals every six hours, the last one so long ago. */
function renewals(login: string, last: number, count = 28): HistoryRow[] {
  return Array.from({ length: count }, (_, index) =>
    row(last + index * 6 * HOUR, login, {
      durationMs: 3200 + ((index * 1370) % 2900),
      toFingerprint: `sha256:${String(index).padStart(8, "0")}`,
    }),
  );
}

/** Jobs every so many ms, all of which were well but those at these places. */
function jobs(login: string, every: number, failed: Readonly<Record<number, string>>) {
  return Array.from({ length: Math.floor((3 * DAY) / every) }, (_, index) => {
    const code = failed[index] ?? "ok";
    const durationMs = 40_000 + ((index * 7919) % 60_000);
    const exit = code === "ok" ? 0 : 75;
    return row(20 * MINUTE + index * every, login, { kind: "run", code, exit, durationMs });
  });
}

const throttled = { code: "throttled", detail: "the token endpoint answered 429" };
const ended = { code: "login_ended", detail: "invalid_grant: Refresh token not found or invalid" };

/** What happened in a week to three logins: one that is well, one that was throttled, one that has ended. */
export const WEEK: readonly HistoryRow[] = [
  ...renewals("default", 2.2 * HOUR),
  ...renewals("reports", 4.6 * HOUR),
  ...renewals("staging", 13 * HOUR),
  ...jobs("default", 55 * MINUTE, { 4: "usage_limit", 5: "usage_limit", 19: "job_failed" }),
  ...jobs("reports", 3 * HOUR, { 6: "overloaded" }),
  ...[52, 41, 22, 9].map((minutes) => row(minutes * MINUTE, "reports", throttled)),
  row(5.1 * HOUR, "staging", { kind: "verdict", code: "auth_rejected", detail: "by run" }),
  row(5 * HOUR, "staging", ended),
  row(5 * HOUR - 200, "staging", { kind: "verdict", code: "ended" }),
  row(4 * HOUR, "staging", { kind: "run", code: "login_ended", exit: 77, durationMs: 4000 }),
  row(2 * HOUR, "staging", { kind: "run", code: "login_ended", exit: 77, durationMs: 3000 }),
].toSorted((a, b) => (b.at ?? "").localeCompare(a.at ?? ""));

function proved(ago: number, by: "run" | "refresh") {
  const { accessToken } = credential();
  if (accessToken === null) throw new Error("it has a token");
  const verdict = { kind: "proved", access: accessToken.fingerprint, at: NOW - ago, by } as const;
  return { ...EMPTY_RECORD, verdict };
}

export function wellLogin(name: string, last = 2.2 * HOUR): KeptLogin {
  return kept(name, {
    view: viewOf(name, {
      entry: entry({ expiresAt: NOW + 8 * HOUR - last }),
      record: proved(20 * MINUTE, "run"),
    }),
    renewedAt: NOW - last,
    nextAttemptAt: NOW + 6 * HOUR - last,
  });
}

export function throttledLogin(name: string): KeptLogin {
  const since = NOW - 52 * MINUTE;
  return kept(name, {
    view: viewOf(name, {
      entry: entry({ expiresAt: NOW + 1.4 * HOUR, refreshTokenExpiresAt: NOW + 11 * DAY }),
      record: proved(4.6 * HOUR, "refresh"),
    }),
    renewedAt: NOW - 4.6 * HOUR,
    nextAttemptAt: NOW + 13 * MINUTE,
    trouble: { code: "throttled", detail: throttled.detail, since, failures: 4 },
  });
}

export function endedLogin(name: string): KeptLogin {
  const { refreshToken } = credential();
  if (refreshToken === null) throw new Error("it has a refresh token");
  const fields = { expiresAt: NOW - 5.1 * HOUR, refreshTokenExpiresAt: NOW - 5.2 * HOUR };
  const verdict = {
    kind: "ended",
    refresh: refreshToken.fingerprint,
    at: NOW - 5 * HOUR,
    code: "login_ended",
  } as const;
  return kept(name, {
    view: viewOf(name, {
      entry: entry(fields),
      configDir: `/srv/${name}/.claude`,
      path: `/srv/${name}/.claude/.credentials.json`,
      record: { ...EMPTY_RECORD, verdict },
    }),
    renewedAt: NOW - 13 * HOUR,
    nextAttemptAt: null,
    trouble: { code: "login_ended", detail: ended.detail, since: NOW - 5 * HOUR, failures: 1 },
  });
}

/** A keeper after that week. */
export function keeperOfTheNight() {
  const keeper = smallKeeper(
    wellLogin("default"),
    throttledLogin("reports"),
    endedLogin("staging"),
  );
  keeper.rows = () => WEEK;
  const { history } = keeper;
  keeper.history = async (query) => {
    const rows = await history(query);
    const wanted = rows.filter(({ at, login }) => {
      const isOfLogin = query.login === undefined || query.login === login;
      return isOfLogin && Date.parse(at ?? "") >= query.since;
    });
    return wanted.slice(0, query.limit);
  };
  return keeper;
}

/** A keeper of many logins, with a day behind each. */
export function keeperOfMany(count: number) {
  const names = Array.from(
    { length: count },
    (_, index) => `bot-${String(index).padStart(3, "0")}`,
  );
  const keeper = smallKeeper(
    ...names.map((name, index) => wellLogin(name, ((index % 50) / 10) * HOUR)),
  );
  const rows = names.flatMap((name, index) => [
    ...renewals(name, ((index % 50) / 10) * HOUR, 4),
    ...jobs(name, 7 * HOUR, {}),
  ]);
  const newestFirst = rows.toSorted((a, b) => (b.at ?? "").localeCompare(a.at ?? ""));
  keeper.rows = () => newestFirst;
  return keeper;
}
