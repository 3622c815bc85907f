import type { ErrorCode } from "../core/errors.ts";
import type { GrantResult } from "../core/ports.ts";

interface Clue {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly spent: "no" | "maybe";
}

/** What Claude Code's debug log calls a refresh that failed; the rest of the line is the reason. */
const FAILED = /OAuth refresh failed[^:]*: (.+)$/gm;

/**
 * Reasons as 2.1.216 and 2.1.329 write them (measured 2026-11), worst first: it sends a refresh
 * token up to six times, and one lost answer among them is enough for a doubt.
 * A 500, a 503, a broken body and an error in Anthropic's style leave no line at all.
 */
const CLUES: readonly Clue[] = [
  {
    pattern: /timeout of \d+ms|socket hang up|ECONNRESET|EPIPE|aborted/,
    code: "in_doubt",
    spent: "maybe",
  },
  { pattern: /status code (502|504)/, code: "in_doubt", spent: "maybe" },
  { pattern: /status code 429/, code: "throttled", spent: "no" },
  { pattern: /status code 403/, code: "edge_forbidden", spent: "no" },
  { pattern: /status code 5\d\d/, code: "endpoint_unavailable", spent: "no" },
  {
    pattern:
      /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|certificate|self.signed|tunnel/i,
    code: "network_unavailable",
    spent: "no",
  },
];

/** Tells why a refresh that stored nothing failed, as far as the debug log (`null`: none was written) tells. */
export function failureIn(log: string | null): GrantResult {
  const reasons = [...(log ?? "").matchAll(FAILED)].map(([, reason = ""]) => reason.trim());
  const clues = reasons.map((reason) => CLUES.find(({ pattern }) => pattern.test(reason)));
  const worst = CLUES.find((clue) => clues.includes(clue));
  // One line that says nothing we know outweighs all that we do know, except a known lost answer.
  if (worst === undefined || (clues.includes(undefined) && worst.spent === "no")) {
    const said =
      reasons.length === 0
        ? "it logged no reason"
        : `it logged: ${reasons.join("; ").slice(0, 200)}`;
    const detail = `Claude Code stored nothing, and ${said}`;
    return { kind: "failed", code: "refresh_unknown", spent: "maybe", detail, retryAfter: null };
  }
  const reason = reasons[clues.indexOf(worst)] ?? "";
  const detail = `Claude Code's refresh failed: ${reason.slice(0, 200)}`;
  return { kind: "failed", code: worst.code, spent: worst.spent, detail, retryAfter: null };
}
