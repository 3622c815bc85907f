import { ClaudeError, type ErrorCode, PilotlightError, traitsOf } from "pilotlight/orchestrator";
import { Trouble } from "../core/trouble.ts";
import { withoutTokens } from "../core/without-tokens.ts";

/** Seconds, where nobody says when to come back. */
const USUAL_PAUSE = 30;

/** What a failed question is to whoever asked for a context: never an answer, and always with what to do. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  if (!(error instanceof PilotlightError)) return unknownTrouble(error);
  const { what, retryable } = traitsOf(error.code);
  const { requestId = null, resetsAt = null } = error instanceof ClaudeError ? error : {};
  return new Trouble(
    {
      code: error.code,
      status: 503,
      title: what,
      detail: withoutTokens(error.message),
      retryable,
      ...(retryable && { retryAfter: pauseUntil(resetsAt) }),
      action: actionFor(error.code),
      ...(requestId !== null && { requestId }),
    },
    { cause: error },
  );
}

function actionFor(code: ErrorCode) {
  const { fix, command = null, mover } = traitsOf(code);
  return { message: fix, command, by: mover };
}

function pauseUntil(resetsAt: number | null): number {
  if (resetsAt === null) return USUAL_PAUSE;
  return Math.max(1, Math.ceil((resetsAt - Date.now()) / 1000));
}

/** What no verdict knows: an error of the vendor's SDK. */
function unknownTrouble(error: unknown): Trouble {
  const said = error instanceof Error ? error.message : String(error);
  return new Trouble(
    {
      code: "model_failed",
      status: 503,
      title: "Claude could not be asked, for a reason that is not the credential's",
      detail: withoutTokens(said).slice(0, 500),
      retryable: false,
      action: {
        message: "read the detail; a wrong model or limit is set in CONTEXT_*",
        command: null,
        by: "person",
      },
    },
    { cause: error },
  );
}
