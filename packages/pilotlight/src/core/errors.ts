/** Who has to act before things can get better. */
export type Mover = "nobody" | "wait" | "pilotlight" | "person" | "admin";

/** What a code means to every face: exit status (sysexits), HTTP status, whether a later try can succeed, whose move it is. */
export interface Traits {
  readonly exit: 64 | 65 | 66 | 69 | 70 | 73 | 75 | 77 | 78;
  readonly http: 400 | 404 | 409 | 429 | 500 | 502 | 503 | 507;
  readonly retryable: boolean;
  readonly mover: Mover;
  /** What happened, as a sentence without its full stop. */
  readonly what: string;
  /** What to do, as a sentence without its full stop. */
  readonly fix: string;
  /** A command that can be typed as it stands, where one helps. */
  readonly command?: string;
}

/** The one table of error codes. Help, docs and HTTP answers are made from it. */
export const TRAITS = {
  usage: {
    exit: 64,
    http: 400,
    retryable: false,
    mover: "person",
    what: "the command line is wrong",
    fix: "see --help for what is accepted",
  },
  credential_corrupt: {
    exit: 65,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the credential file is not what Claude Code writes",
    fix: "move the file aside and sign in again; Pilotlight has not touched it",
    command: "pilotlight login",
  },
  env_file_corrupt: {
    exit: 65,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the env file cannot be understood",
    fix: "mend the line that is named: one NAME=value in each, without a break inside; Pilotlight has not touched the file",
  },
  credential_not_a_file: {
    exit: 65,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the credential path is not a file",
    fix: "a bind mount whose source is missing makes a directory: create the source file first, then mount it again",
  },
  no_credential: {
    exit: 66,
    http: 503,
    retryable: false,
    mover: "person",
    what: "there is no login here",
    fix: "sign in with the same user, HOME and CLAUDE_CONFIG_DIR as the job",
    command: "pilotlight login",
  },
  no_api_key: {
    exit: 66,
    http: 503,
    retryable: false,
    mover: "person",
    what: "there is no API key here, and one was asked for",
    fix: "set ANTHROPIC_API_KEY (sk-ant-api…) for the job, or leave --auth api-key away",
  },
  credential_unreadable: {
    exit: 66,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the credential file cannot be read",
    fix: "run as the user who owns the file, or give this user read access to it",
  },
  network_unavailable: {
    exit: 69,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "the server cannot be reached (the API or the token endpoint)",
    fix: "check network, DNS, HTTPS_PROXY and NODE_EXTRA_CA_CERTS; the login itself is untouched",
  },
  endpoint_unavailable: {
    exit: 69,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "the token endpoint answered with an error of its own",
    fix: "try again later; the login itself is untouched",
  },
  edge_forbidden: {
    exit: 69,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "something in front of the server refused the request (403 without an answer of its own)",
    fix: "check proxy, VPN and region; this says nothing about the login",
  },
  bug: {
    exit: 70,
    http: 500,
    retryable: false,
    mover: "person",
    what: "Pilotlight met a state it does not know",
    fix: "please report this with the text above; it holds no secret",
  },
  cannot_persist: {
    exit: 73,
    http: 507,
    retryable: false,
    mover: "person",
    what: "a renewed credential could not be kept here, so nothing was spent",
    fix: "make the named place writable, with at least 1 MiB free",
  },
  store_read_only: {
    exit: 73,
    http: 507,
    retryable: false,
    mover: "person",
    what: "the login is read-only here, so nothing can be renewed from here",
    fix: 'renew it where the file comes from (pilotlight refresh or pilotlight login on that host); write = "in-place" there shows the result to a single-file mount',
  },
  output_lost: {
    exit: 73,
    http: 507,
    retryable: false,
    mover: "person",
    what: "the output could not be written in full",
    fix: "make room where it goes; the job itself has run, so look before it is started again",
  },
  login_renewed: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "pilotlight",
    what: "the job's credential was rejected; the login has been renewed, but the job may have done something already, so it was not repeated",
    fix: "start it again when that does no harm; --retry resume goes on with its session by itself",
  },
  lock_busy: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "another process holds the login's lock",
    fix: "try again in a minute",
  },
  throttled: {
    exit: 75,
    http: 429,
    retryable: true,
    mover: "wait",
    what: "the token endpoint asks for patience (429)",
    fix: "wait; a throttled refresh says nothing about the login",
  },
  in_doubt: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "a refresh was sent and its answer never seen, so the refresh token may be spent",
    fix: "jobs can go on while the access token lives; Pilotlight tries once more when it has ended, and a sign-in settles it at any time",
    command: "pilotlight login",
  },
  refresh_unknown: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "this build of Claude Code does not tell how its refresh went",
    fix: "use a newer CLI for the refresh (refresh.claude), or sign in again if it goes on",
  },
  refresh_running: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "a refresh by an earlier run is still in flight",
    fix: "wait for it; its result is adopted",
  },
  sign_in_failed: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the sign-in did not come to its end; the present login is unchanged",
    fix: "start it again, and paste the code of the new link",
    command: "pilotlight login",
  },
  code_rejected: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the code of the sign-in was not accepted; the present login is unchanged",
    fix: "start it again and paste the code of the new link, all of it, within a few minutes",
    command: "pilotlight login",
  },
  another_account: {
    exit: 78,
    http: 409,
    retryable: false,
    mover: "person",
    what: "the sign-in is of another account or organization than the present login, which is unchanged",
    fix: "sign in with the same account, or say that it shall change (--switch-account)",
  },
  login_ended: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the server rejected the refresh token (invalid_grant): this login has ended",
    fix: "a person must sign in again",
    command: "pilotlight login",
  },
  login_blanked: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the tokens in the store were blanked, and no unspent copy is known",
    fix: "a person must sign in again",
    command: "pilotlight login",
  },
  refresh_token_spent: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the store holds a refresh token that was already used (a restored backup or a stale copy)",
    fix: "a person must sign in again; give every host a login of its own",
    command: "pilotlight login",
  },
  not_refreshable: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the credential holds no refresh token, so nothing here can renew it",
    fix: "a person must sign in again, or whoever projects this file must renew it",
    command: "pilotlight login",
  },
  config_invalid: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the configuration is wrong",
    fix: "correct the named line",
  },
  clock_wrong: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "this machine's clock is wrong by more than five minutes",
    fix: "set it right and let a time service keep it so; in a container it is the host's clock",
  },
  cli_not_found: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "Claude Code was not found",
    fix: "install it, or name it in PILOTLIGHT_CLAUDE or refresh.claude",
  },
  cli_refused: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "this build of Claude Code failed the rehearsal, so it is not let near a real login",
    fix: "name another build in refresh.claude",
  },
  endpoint_refused: {
    exit: 78,
    http: 502,
    retryable: false,
    mover: "person",
    what: "the token endpoint refuses this client",
    fix: 'use the default driver (driver = "cli"); the refusal is not worked around',
  },
  api_unavailable: {
    exit: 69,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "the API answered with an error of its own",
    fix: "try again later; this says nothing about the login",
  },
  silent_exit: {
    exit: 70,
    http: 502,
    retryable: false,
    mover: "person",
    what: "Claude Code ended as if all were well, with nothing to show for it",
    fix: "look at the session file and the prompt; an empty answer is not taken for a result",
  },
  structured_output_missing: {
    exit: 70,
    http: 502,
    retryable: false,
    mover: "person",
    what: "Claude gave no structured value that fits the schema",
    fix: "ask again, or ask for less in the schema; the error says what does not fit",
  },
  timed_out: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "no answer came in the time that was given",
    fix: "give it more time, or ask for less",
  },
  claude_failed: {
    exit: 70,
    http: 502,
    retryable: false,
    mover: "person",
    what: "Claude ended without an answer, for a reason that is not the credential's",
    fix: "read what it said; there is nothing for Pilotlight to mend",
  },
  usage_limit: {
    exit: 75,
    http: 429,
    retryable: true,
    mover: "wait",
    what: "the plan’s usage limit is reached",
    fix: "wait for the reset, or have run wait for it (--wait-for-reset); a refresh or sign-in changes nothing",
  },
  overloaded: {
    exit: 75,
    http: 503,
    retryable: true,
    mover: "wait",
    what: "the API is overloaded or asks for patience",
    fix: "try again later; this is no usage limit and says nothing about the login",
  },
  auth_rejected: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "person",
    what: "the server rejected the credential",
    fix: "a person must sign in again, or replace the rejected token",
    command: "pilotlight login",
  },
  organization_forbidden: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "admin",
    what: "the organization does not allow this credential",
    fix: "an administrator of the organization must allow it, or name another credential",
  },
  account_problem: {
    exit: 77,
    http: 503,
    retryable: false,
    mover: "admin",
    what: "the account itself is in the way (billing, hold or verification)",
    fix: "settle it with the account or its organization; neither a refresh nor a sign-in helps",
  },
  credential_shadowed: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "another credential would be used instead of the one that was asked for",
    fix: "remove what is named, or choose with --auth",
  },
  wrong_credential: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "this is the wrong kind of credential for the job",
    fix: "sk-ant-oat is for Claude Code only, sk-ant-api for the API; put each where it belongs",
  },
  gateway_rejected: {
    exit: 78,
    http: 502,
    retryable: false,
    mover: "person",
    what: "the gateway that ANTHROPIC_BASE_URL names rejected the credential",
    fix: "check that gateway and its key; Anthropic was not asked",
  },
  scope_missing: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the credential lacks a scope that the job needs",
    fix: "sign in again, or use another login with that scope; a setup-token has inference only",
  },
  profile_unusable: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the Anthropic profile that the job uses gives no usable credential",
    fix: "sign in to that profile again, or unset ANTHROPIC_PROFILE",
  },
  helper_failing: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the apiKeyHelper fails",
    fix: "run the helper by hand and mend it; it must print one key and nothing else",
  },
  cannot_isolate: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the job cannot be kept away from the refresh token here",
    fix: "run without --isolate always; Claude Code itself can be isolated from 2.1.216 on, with no MCP logins beside the login",
  },
  unsupported: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "this is not supported here",
    fix: "see the platforms table in the README",
  },
  nested: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "Pilotlight was started by the very Claude Code it had started for a refresh",
    fix: "point refresh.claude at Claude Code itself, not at a wrapper that calls Pilotlight",
  },
  service_failed: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the service could not be installed or removed",
    fix: "look at what the service manager said; nothing was left half done",
  },
  state_unreadable: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "a file in the state directory cannot be read",
    fix: "give it back to this user; nothing but history.db may be moved aside, for a journal can hold what a refresh brought",
  },
  state_newer: {
    exit: 78,
    http: 500,
    retryable: false,
    mover: "person",
    what: "the state directory was written by a newer Pilotlight",
    fix: "upgrade Pilotlight, or give this one a state directory of its own",
  },
} as const satisfies Record<string, Traits>;

export type ErrorCode = keyof typeof TRAITS;

export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(TRAITS, word);
}

export function traitsOf(code: ErrorCode): Traits {
  return TRAITS[code];
}

/** The one class that is thrown. What a use case exists to decide is an `Outcome` instead. */
export class PilotlightError extends Error {
  readonly code: ErrorCode;

  /** @param detail the place and the particular, without any secret; the code's own text is added by the faces. */
  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "PilotlightError";
    this.code = code;
  }
}

/** The system's code of a failed call (`ENOSPC`); `null` for any other error. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}
