import type { RunEvidence } from "./run-evidence.ts";
import { scrub } from "./scrub.ts";
import type { RowMatch, RunCode, VerdictRow } from "./verdict-row.ts";
import { FAILURE_OPENINGS, VERDICT_TABLE } from "./verdict-table.ts";

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
      /** The same in Claude Code's words, such as `3:45pm`. */
      readonly resets: string | null;
    };

/** Finds the first row of the table that matches. Only a failure is looked up: an answer may say what it likes. */
export function recognise(evidence: RunEvidence): RunVerdict {
  const { exit, failure, isSilent } = evidence;
  if (exit === 0 && failure === null && !isSilent) return { kind: "ok" };
  const row = VERDICT_TABLE.find(({ match }) => match.some((one) => isMatch(one, evidence)));
  if (row === undefined) throw new TypeError("the verdict table has no last row");
  const text = scrub(failure?.text ?? "");
  const epoch = /limit reached\|(\d{10})\b/.exec(text)?.[1];
  return {
    kind: "failed",
    code: row.code,
    row,
    text,
    requestId: failure?.requestId ?? null,
    resetsAt: failure?.resetsAt ?? (epoch === undefined ? null : Number(epoch) * 1000),
    resets: /\bresets (?:at )?([^\n.·]{1,40})/.exec(text)?.[1]?.trim() ?? null,
  };
}

function isMatch(match: RowMatch, evidence: RunEvidence): boolean {
  const { failure, isSilent, apiKeySource, isGateway, isStoreDead } = evidence;
  return (
    isOneOf(match.httpStatus, failure?.httpStatus) &&
    isOneOf(match.errorType, failure?.errorType) &&
    isOneOf(match.category, failure?.category) &&
    isOneOf(match.reason, failure?.reason) &&
    isOneOf(match.terminalReason, failure?.terminalReason) &&
    isOneOf(match.apiKeySource, apiKeySource) &&
    isAsAsked(match.hasReset, (failure?.resetsAt ?? null) !== null) &&
    isAsAsked(match.isGateway, isGateway) &&
    isAsAsked(match.isStoreDead, isStoreDead) &&
    isAsAsked(match.isSilent, isSilent) &&
    (match.text === undefined || isSaid(match.text, evidence)) &&
    (match.stderr === undefined || patternOf(match.stderr, "im").test(evidence.stderr))
  );
}

function isOneOf<T>(wanted: readonly T[] | undefined, found: T | null | undefined): boolean {
  return wanted === undefined || (found !== null && found !== undefined && wanted.includes(found));
}

function isAsAsked(wanted: boolean | undefined, found: boolean): boolean {
  return wanted === undefined || wanted === found;
}

const OPENING = new RegExp(`^(?:${FAILURE_OPENINGS.join("|")})`, "i");
const patterns = new Map<readonly string[], RegExp>();

function isSaid(sources: readonly string[], { failure }: RunEvidence): boolean {
  if (failure === null) return false;
  if (!failure.isCertain && !isFailureText(failure.text)) return false;
  return patternOf(sources, "i").test(failure.text);
}

function patternOf(sources: readonly string[], flags: string): RegExp {
  const known = patterns.get(sources);
  if (known !== undefined) return known;
  const pattern = new RegExp(sources.join("|"), flags);
  patterns.set(sources, pattern);
  return pattern;
}

/** Paragraphs are a model's: of Claude Code's own messages only a page of HTML has more than a line or two. */
function isFailureText(text: string): boolean {
  if (!OPENING.test(text)) return false;
  return text.split("\n").length <= 2 || /<html|<!doctype/i.test(text.slice(0, 200));
}
