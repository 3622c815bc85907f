import { ClaudeError, type ErrorCode, PilotlightError, traitsOf } from "pilotlight/orchestrator";
import { type Action, Trouble } from "../core/trouble.ts";
import { withoutTokens } from "../core/without-tokens.ts";

/** Seconds, where nobody says when to come back. */
const USUAL_PAUSE = 30;

/** What a failed question is to whoever asked for a context: never an answer, and always with what to do. */
export function troubleOf(error: unknown, auth: "api-key" | "subscription"): Trouble {
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
      action: actionFor(error.code, auth),
      ...(requestId !== null && { requestId }),
    },
    { cause: error },
  );
}

function actionFor(code: ErrorCode, auth: "api-key" | "subscription"): Action {
  const { fix, command = null, mover } = traitsOf(code);
  if (auth === "api-key" && code === "auth_rejected") {
    const message = "put a good key into ANTHROPIC_API_KEY, and start the service again";
    return { message, command: null, by: mover };
  }
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
