import type { ChildEnd } from "../../child/child-end.ts";
import { type ErrorCode, TRAITS, traitsOf } from "../../core/errors.ts";
import type { RunVerdict } from "../../core/recognise.ts";
import type { RunCode } from "../../core/verdict-row.ts";
import type { Source } from "../../core/login-status.ts";
import type { Io } from "../io.ts";
import { printFailure } from "../print-error.ts";
import { printable } from "../printable.ts";
import type { LastAttempt } from "./attempts.ts";
import type { Access } from "./secure-access.ts";

/** As what this process is to end, and what goes into the history. */
export interface JobEnd {
  readonly end: ChildEnd;
  /** `ok`, an error code, or `job_failed` and `unknown_failure` for a failure of the job's own. */
  readonly code: "ok" | RunCode;
  readonly requestId: string | null;
}

/** What the job used. */
interface Credentials {
  /** `null` where it is none of the stored login. */
  readonly access: Access | null;
  readonly source: Source;
}

/** Prints the one line where there is something to say, and decides as what to end. */
export function sayEnd(last: LastAttempt, { access, source }: Credentials, io: Io): JobEnd {
  const { end, verdict, output } = last;
  const requestId = verdict.kind === "ok" ? null : verdict.requestId;
  if (end.kind === "not_started") {
    io.err(`pilotlight: ${end.message}\n`);
    return { end, code: "job_failed", requestId };
  }
  if (verdict.kind === "ok") return kept(output?.failure ?? null, end, io);
  if (!(verdict.code in TRAITS)) return { end, code: verdict.code, requestId };
  const code = meant(verdict, last, access);
  const isForeign = access === null && verdict.row.retry === "refresh_and_repeat";
  const why = isForeign
    ? `${source} was rejected, so replace it where it is set; the job said: `
    : code === last.trouble?.code
      ? `${last.trouble.detail}; the job said: `
      : "";
  const said = `${why}${textOf(verdict)}`;
  const isLeft = code === "auth_rejected" && last.isLeft;
  io.err(isLeft ? printLeft(said) : printFailure(code, said));
  const isOurs = verdict.row.exit === "code" && end.kind === "exited";
  return { end: isOurs ? { kind: "exited", code: traitsOf(code).exit } : end, code, requestId };
}

type Failed = Extract<RunVerdict, { kind: "failed" }>;

/** A rejected token calls for a person only where nobody else could, can or did renew it. */
function meant({ code, row }: Failed, { isRenewed, trouble }: LastAttempt, access: Access | null) {
  const known = code as ErrorCode;
  if (row.retry !== "refresh_and_repeat") return known;
  if (isRenewed) return "login_renewed";
  if (access?.mayRefresh === false) return "store_read_only";
  // A refresh of which nothing is told, beside a rejected token, is no reason to wait.
  const isPassing = trouble !== null && trouble.code !== "refresh_unknown";
  return isPassing && traitsOf(trouble.code).exit !== traitsOf(known).exit ? trouble.code : known;
}

/** The line for a rejected token for which nobody has to sign in. */
function printLeft(said: string): string {
  const fix = "The next run renews it, or you do ($ pilotlight refresh)";
  const { what } = TRAITS.auth_rejected;
  return `pilotlight: auth_rejected: ${what}: ${printable(said)}. ${fix} More: pilotlight help auth_rejected\n`;
}

function textOf({ text, requestId, resetsAt }: Failed): string {
  const said = text.replace(/\s+/g, " ").slice(0, 500);
  const request = requestId === null ? "" : ` (request_id ${requestId})`;
  const reset = resetsAt === null ? "" : ` (resets at ${new Date(resetsAt).toISOString()})`;
  return `${said}${request}${reset}` || "nothing was said";
}

/** A job that succeeded has not, if its output went nowhere. */
function kept(loss: Error | null, end: ChildEnd, io: Io): JobEnd {
  if (loss === null || end.kind !== "exited") return { end, code: "ok", requestId: null };
  io.err(printFailure("output_lost", loss.message));
  const code = traitsOf("output_lost").exit;
  return { end: { kind: "exited", code }, code: "output_lost", requestId: null };
}
