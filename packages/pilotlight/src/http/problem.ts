import { type ErrorCode, type Mover, TRAITS, traitsOf } from "../core/errors.ts";
import type { Action } from "../core/login-status.ts";
import { capitalised, sentence } from "../core/sentence.ts";
import { discreet } from "../core/discreet.ts";

interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 414 | 421 | 503;
  /** What is wrong, as a sentence without its full stop. */
  readonly what: string;
  readonly fix: string;
  readonly by: Mover;
}

/** What only this face refuses; everything else has its code in `TRAITS`. */
export const REFUSALS = {
  bad_request: {
    status: 400,
    what: "the request is malformed",
    fix: "send a request line, a Host and a body as HTTP/1.1 has them",
    by: "person",
  },
  token_required: {
    status: 401,
    what: "this needs the bearer token",
    fix: "send Authorization: Bearer with the token that keep was given; without one configured it is refused to everybody",
    by: "person",
  },
  origin_foreign: {
    status: 403,
    what: "a page of another origin asks",
    fix: "ask from a page of this server, or without a browser",
    by: "person",
  },
  not_found: {
    status: 404,
    what: "there is nothing here",
    fix: "see / for what there is",
    by: "person",
  },
  login_unknown: {
    status: 404,
    what: "there is no login of that name",
    fix: "see /api/v1/status for the names",
    by: "person",
  },
  method_not_allowed: {
    status: 405,
    what: "this cannot be asked with that method",
    fix: "use a method that Allow names",
    by: "person",
  },
  body_too_large: {
    status: 413,
    what: "the body is too large",
    fix: "send at most 16 KiB",
    by: "person",
  },
  url_too_long: {
    status: 414,
    what: "the address is too long",
    fix: "ask for less in one address",
    by: "person",
  },
  host_foreign: {
    status: 421,
    what: "this server does not go by that name",
    fix: "use the address that keep listens on, or allow the name where keep is configured",
    by: "person",
  },
  starting: {
    status: 503,
    what: "not every login has been looked at yet",
    fix: "ask again in a few seconds",
    by: "wait",
  },
  stalled: {
    status: 503,
    what: "the keeper's loop stands still",
    fix: "restart keep; please report it if that happens again",
    by: "person",
  },
  listeners_full: {
    status: 503,
    what: "as many listen to events as may",
    fix: "close a listener, or poll /healthz",
    by: "wait",
  },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof REFUSALS;
type ProblemCode = Action["code"] | RefusalCode;

/** The members of every error answer (RFC 9457 §3.1, with two of our own). */
export interface Problem {
  /** `urn:pilotlight:problem:` and the code. */
  readonly type: string;
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly action: {
    readonly code: ProblemCode;
    readonly message: string;
    readonly command: string | null;
    readonly by: Mover;
  } | null;
}

const DUE: Readonly<Record<Exclude<Action["code"], ErrorCode>, string>> = {
  refresh_due: "The access token has to be renewed",
  login_ends_soon: "The login ends soon",
  expires_at_in_seconds: "The credential's end is written in seconds",
};

/** What is wrong with a request itself. */
export function refusalOf(code: RefusalCode, detail?: string): Problem {
  const { status, what, fix, by } = REFUSALS[code];
  return {
    type: typeOf(code),
    title: capitalised(what),
    status,
    detail: detail ?? sentence(what),
    code,
    action: { code, message: sentence(fix), command: null, by },
  };
}

/** A failure of the error table. @param detail is shown, scrubbed; without one only what the table says */
export function failureOf(code: ErrorCode, detail?: string): Problem {
  const { http, what, fix, command, mover } = traitsOf(code);
  return {
    type: typeOf(code),
    title: capitalised(what),
    status: http,
    detail: detail === undefined ? sentence(what) : discreet(detail),
    code,
    action: { code, message: sentence(fix), command: command ?? null, by: mover },
  };
}

/** A login that cannot be used now, as its next step names it. */
export function unavailable(action: Action, detail: string): Problem {
  const { code } = action;
  const title =
    code in DUE ? DUE[code as keyof typeof DUE] : capitalised(TRAITS[code as ErrorCode].what);
  return { type: typeOf(code), title, status: 503, detail, code, action };
}

/** @param more what an answer of this kind carries besides the problem */
export function problemResponse(
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
  more: object = {},
): Response {
  return new Response(`${JSON.stringify({ ...more, ...problem })}\n`, {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

function typeOf(code: ProblemCode): string {
  return `urn:pilotlight:problem:${code}`;
}
