import type { GrantResult } from "../../core/ports.ts";
import { failedGrant, recogniseRefresh, worstOf } from "../../core/recognise-refresh.ts";

/** What Claude Code's debug log calls a refresh that failed; the rest of the line is the reason. */
const FAILED = /OAuth refresh failed[^:]*: (.+)$/gm;

/** Tells why a refresh that stored nothing failed, as far as the debug log (`null`: none was written) tells. */
export function failureIn(log: string | null): GrantResult {
  const reasons = [...(log ?? "").matchAll(FAILED)].map(([, reason = ""]) => reason.trim());
  const rows = reasons.map((cause) =>
    recogniseRefresh({ via: "cli", cause, httpStatus: statusIn(cause) }),
  );
  const row = worstOf(rows);
  if (row === null) {
    const detail = "Claude Code stored nothing, and it logged no reason";
    return failedGrant(recogniseRefresh({ via: "cli" }), detail);
  }
  if (row.code === "refresh_unknown") {
    const said = reasons.join("; ").slice(0, 200);
    return failedGrant(row, `Claude Code stored nothing, and it logged: ${said}`);
  }
  const reason = reasons[rows.indexOf(row)] ?? "";
  return failedGrant(row, `Claude Code's refresh failed: ${reason.slice(0, 200)}`);
}

function statusIn(cause: string): number | null {
  const status = /status code (\d{3})\b/.exec(cause)?.[1];
  return status === undefined ? null : Number(status);
}
