import type { LoginHealth } from "../../../core/health.ts";
import type { HistoryRow } from "../../keep-view.ts";
import { eventKind, isRenewal } from "./event-kind.ts";
import { parseTime } from "./print-time.ts";

/** What a lane shows of a login. Times are epoch ms; pairs are from and to. */
export interface LaneShape {
  /** Access tokens while they lived. */
  readonly lives: readonly (readonly [number, number])[];
  /** Between them: no token lived. */
  readonly gaps: readonly (readonly [number, number])[];
  /** What the present one has still to live. */
  readonly ahead: readonly [number, number] | null;
  readonly renewals: readonly number[];
  readonly failures: readonly number[];
  readonly jobs: readonly number[];
  readonly failedJobs: readonly number[];
  readonly nextAttempt: number | null;
  readonly loginEnd: number | null;
}

const HOUR = 3_600_000;
/** Of an access token, where nothing tells. */
const USUAL = 8 * HOUR;

/** Puts together what is known of a login's past and future. @param rows its history, in any order */
export function laneShape(
  login: LoginHealth | null,
  rows: readonly HistoryRow[],
  now: number,
): LaneShape {
  const times = (is: (row: HistoryRow) => boolean) =>
    rows
      .filter(is)
      .flatMap(({ at }) => parseTime(at) ?? [])
      .toSorted((a, b) => a - b);
  const renewals = times(isRenewal);
  const { lives, gaps, ahead } = livesOf(login, { renewals, rejections: times(isRejection) }, now);
  return {
    lives,
    gaps,
    ahead,
    renewals,
    failures: times((row) => row.kind !== "run" && eventKind(row) === "bad"),
    jobs: times((row) => row.kind === "run" && eventKind(row) !== "bad"),
    failedJobs: times((row) => row.kind === "run" && eventKind(row) === "bad"),
    nextAttempt:
      ahead === null && login?.trouble === null ? null : parseTime(login?.nextAttemptAt ?? null),
    loginEnd: parseTime(login?.loginEndsAt ?? null),
  };
}

interface Known {
  readonly renewals: readonly number[];
  readonly rejections: readonly number[];
}

function livesOf(login: LoginHealth | null, { renewals, rejections }: Known, now: number) {
  const isAlive = login?.usable ?? false;
  const end = parseTime(login?.expiresAt ?? null);
  const births = renewals.length > 0 ? renewals : birthOf(login, end);
  const length = lengthOf(births.at(-1), end);
  const lives: [number, number][] = [];
  const gaps: [number, number][] = [];
  for (const [index, birth] of births.entries()) {
    const next = births[index + 1];
    const isLast = next === undefined;
    const rejected = rejections.find((time) => time >= birth && time < (next ?? Infinity));
    const natural = isLast && end !== null ? end : birth + length;
    const over = isLast && isAlive ? natural : Math.min(natural, rejected ?? Infinity);
    const until = Math.min(over, next ?? now);
    lives.push([birth, until]);
    const following = next ?? (isAlive ? null : now);
    if (following !== null && following - until > 1000) gaps.push([until, following]);
  }
  const ahead = isAlive && end !== null && end > now ? ([now, end] as const) : null;
  return { lives, gaps, ahead };
}

/** Without a history, when the keeper saw it come, or a usual life before its end. */
function birthOf(login: LoginHealth | null, end: number | null): readonly number[] {
  const seen = parseTime(login?.renewedAt ?? null);
  if (seen !== null) return [seen];
  return end === null ? [] : [end - USUAL];
}

function lengthOf(birth: number | undefined, end: number | null): number {
  const length = birth === undefined || end === null ? 0 : end - birth;
  return length > 0 && length < 48 * HOUR ? length : USUAL;
}

function isRejection({ kind, code }: HistoryRow): boolean {
  return kind === "verdict" && (code === "auth_rejected" || code === "ended");
}
