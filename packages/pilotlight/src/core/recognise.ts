import { type Facts, findRow } from "./find-row.ts";
import { resetTime } from "./reset-time.ts";
import type { FailureReport, RunEvidence } from "./run-evidence.ts";
import { scrub } from "./scrub.ts";
import { unwrapped } from "./unwrapped.ts";
import type { RunCode, VerdictRow } from "./verdict-row.ts";
import { FAILURE_OPENINGS, RUN_ROWS } from "./verdict-table.ts";

/** How a run ended, as far as one can tell. */
export type RunVerdict =
  | { readonly kind: "ok" }
  | {
      readonly kind: "failed";
      readonly code: RunCode;
      readonly row: VerdictRow;
      /** What Claude Code said, without anything token-shaped; "" where it said nothing. */
      readonly text: string;
      readonly requestId: string | null;
      /** Epoch ms. */
      readonly resetsAt: number | null;
    };

/**
 * Finds the first row of the table that matches. Only a failure is looked up: an answer may say what it likes.
 * @param now epoch ms, from which a reset that is told as a clock's reading is counted
 * @param timeZone tells the zone (IANA) in which the run tells the time where it names none
 */
export function recognise(
  evidence: RunEvidence,
  now: number,
  timeZone: () => string | null = () => null,
): RunVerdict {
  const { exit, failure, isSilent } = evidence;
  if (exit === 0 && failure === null && !isSilent) return { kind: "ok" };
  const row = findRow(RUN_ROWS, factsOf(evidence));
  const text = scrub(failure?.text ?? "");
  const resets = /\bresets\s(?:at\s)?([^\n.·]{1,60})/.exec(unwrapped(text)[0] ?? "")?.[1] ?? null;
  return {
    kind: "failed",
    code: row.code,
    row,
    text,
    requestId: failure?.requestId ?? null,
    resetsAt: failure?.resetsAt ?? toldReset(text, resets, now, timeZone),
  };
}

function toldReset(
  text: string,
  resets: string | null,
  now: number,
  timeZone: () => string | null,
): number | null {
  const epoch = /limit reached\|(\d{10})\b/.exec(text)?.[1];
  if (epoch !== undefined) return Number(epoch) * 1000;
  return resets === null ? null : resetTime(resets.trim(), now, timeZone());
}

function factsOf({ failure, ...known }: RunEvidence): Facts {
  const texts = failure === null ? null : textsOf(failure);
  return {
    text: texts,
    stderr: known.stderr,
    // What a gateway refuses is told by its status alone, which plain text has among its words.
    httpStatus: failure?.httpStatus ?? (known.isGateway ? statusIn(texts ?? []) : null),
    errorType: failure?.errorType ?? null,
    category: failure?.category ?? null,
    reason: failure?.reason ?? null,
    terminalReason: failure?.terminalReason ?? null,
    apiKeySource: known.apiKeySource,
    hasReset: (failure?.resetsAt ?? null) !== null,
    isGateway: known.isGateway,
    isStoreDead: known.isStoreDead,
    isSilent: known.isSilent,
  };
}

function statusIn(texts: readonly string[]): number | null {
  const [found] = texts.flatMap((text) => /(?:\bAPI Error: |^)([45]\d\d)\b/.exec(text)?.[1] ?? []);
  return found === undefined ? null : Number(found);
}

/** @returns nothing for mere text that is not Claude Code's. */
function textsOf({ text, isCertain }: FailureReport): readonly string[] {
  return isCertain ? [text] : unwrapped(text).filter(isFailureText);
}

const OPENING = new RegExp(`^(?:${FAILURE_OPENINGS.join("|")})`, "i");

/** Paragraphs are a model's: of Claude Code's own messages only a page of HTML has more than a line or two. */
function isFailureText(text: string): boolean {
  if (!OPENING.test(text)) return false;
  return text.split("\n").length <= 2 || /<html|<!doctype/i.test(text.slice(0, 200));
}
