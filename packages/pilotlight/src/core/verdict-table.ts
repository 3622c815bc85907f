import type { VerdictRow } from "./verdict-row.ts";

/**
 * How Claude Code's own failure messages begin. Where nothing but text tells of a failure, the whole of
 * it must begin so: a model's answer may talk about a 401 as well.
 */
export const FAILURE_OPENINGS: readonly string[] = [
  "API Error\\b",
  "Failed to (authenticate|refresh OAuth token)",
  "Could not (refresh your login|resolve authentication method)",
  "(Not logged in|Login expired|Please run /login)\\b",
  "OAuth (session|token|access token|refresh token|authentication|error)\\b",
  "Invalid (API key|auth token|bearer token|authentication credentials|x-api-key|request header)",
  "API key is invalid",
  "You've hit your\\b",
  "(Claude AI )?usage limit reached",
  "Your (organization|account|ANTHROPIC_API_KEY|apiKeyHelper)\\b",
  "This (organization|credential)\\b",
  "Claude Code can't use your Claude subscription",
  "Credit balance is too low",
  "There's an issue with the selected model",
  "apiKeyHelper failed",
  "Error: Reached max ",
  "(Request not allowed|Request rejected|Repeated 529|Overloaded|Unable to connect)\\b",
  '(4(01|03|29) )?\\{"type":"error"',
  "<!DOCTYPE html|<html",
];

const BASE = { exit: "code", since: null, until: null, fm: [], examples: [], note: "" } as const;
/** The login is untouched, and refreshing it would change nothing. */
const WAIT = { ...BASE, whoMoves: "wait", retry: "wait" } as const;
/** Nothing that Pilotlight could do would help. */
const PERSON = { ...BASE, whoMoves: "person", retry: "never" } as const;
const ADMIN = { ...BASE, whoMoves: "admin", retry: "never" } as const;
/** The server said no to a token, whatever the local clock thinks of it. */
const REJECTED = {
  ...BASE,
  code: "auth_rejected",
  whoMoves: "pilotlight",
  retry: "refresh_and_repeat",
} as const;

/**
 * The one place that decides how a run of Claude Code ended: the first row that matches wins, and the
 * last one matches everything. The order is the meaning: a limit is never taken for a rejected token,
 * a page of an edge network never for the end of a login.
 */
export const VERDICT_TABLE: readonly VerdictRow[] = [
  {
    ...WAIT,
    id: "usage-limit",
    code: "usage_limit",
    match: [
      { text: ["hit your .{0,40}\\blimit", "usage limit reached"] },
      { reason: ["usage_limit_reached"] },
      { httpStatus: [429], hasReset: true },
    ],
    fm: ["FM-57"],
    examples: [
      "You've hit your session limit · resets 3:45pm",
      "You've hit your 5-hour limit · resets 1:18am (UTC)",
      "You've hit your weekly limit · resets 3:45pm",
      "You've hit your Opus limit · resets 3:45pm",
      "Claude AI usage limit reached|1795223931",
    ],
    note: "2.1.104 and 2.1.216 say session limit, 2.1.329 says 5-hour limit and gives the reason (measured 2026-11).",
  },
  {
    ...WAIT,
    id: "overloaded",
    code: "overloaded",
    match: [
      {
        text: [
          "temporarily limiting requests",
          "Request rejected \\(429\\)",
          "API Error: (429|529)\\b",
          "^(429|529) ",
          "\\b(overloaded|rate_limit)_error\\b",
          "^(Repeated 529|Overloaded)",
        ],
      },
      { httpStatus: [429, 529] },
      { category: ["rate_limit", "overloaded"] },
    ],
    fm: ["FM-58", "FM-20"],
    examples: [
      "API Error: Server is temporarily limiting requests (not your usage limit) · Rate limited. Please try again later.",
      "API Error: Request rejected (429) · Rate limited. Please try again later.",
      "API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a moment. If it persists, check https://status.claude.com.",
      'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_TEST"}',
    ],
    note: "A 429 without a reset is a throttle. Neither kind of 429 is ever an authentication failure.",
  },
  {
    ...WAIT,
    id: "lock-busy",
    code: "lock_busy",
    match: [{ text: ["another Claude Code process is refreshing it"] }],
    fm: ["FM-09", "FM-16"],
    examples: [
      "Failed to refresh OAuth token: another Claude Code process is refreshing it or exited mid-refresh. This is usually transient; retry in a minute, and if it persists close other Claude Code processes or sign in again",
      "Could not refresh your login because another Claude Code process is refreshing it",
    ],
    note: "Wait 60 to 75 s and look for an orphaned lock. 2.1.216 says that the token has expired instead (measured 2026-11).",
  },
  {
    ...PERSON,
    id: "login-ended",
    code: "login_ended",
    retry: "look_again",
    match: [
      {
        text: [
          "OAuth session expired and could not be refreshed",
          "this login reached its time limit and cannot be renewed",
          "OAuth refresh token is no longer valid",
          "^Login expired\\b",
        ],
      },
    ],
    fm: ["FM-03", "FM-12"],
    examples: [
      "OAuth session expired and could not be refreshed",
      "Failed to authenticate: OAuth session expired and could not be refreshed",
      "Failed to authenticate: this login reached its time limit and cannot be renewed. Run `claude auth login` to sign in again, or use `claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN for unattended jobs",
      "OAuth refresh token is no longer valid; run /login to re-authenticate",
      "Login expired · Please run /login",
    ],
    note: "Stopped locally, so there is no HTTP status. A sibling may have signed in meanwhile.",
  },
  {
    ...PERSON,
    id: "gateway-rejected",
    code: "gateway_rejected",
    match: [{ isGateway: true, httpStatus: [401, 403] }],
    fm: ["FM-48"],
    note: "ANTHROPIC_BASE_URL: the refusal is the gateway's; 2.1.329 says served_by_anthropic false (measured 2026-11).",
  },
  {
    ...REJECTED,
    id: "auth-rejected-text",
    match: [
      {
        text: [
          "OAuth (access )?token has expired",
          "OAuth (access )?token (has been )?revoked",
          "Invalid (bearer token|authentication credentials)",
          "Your account does not have access to Claude\\b",
        ],
      },
    ],
    fm: ["FM-01", "FM-02", "FM-05", "FM-06", "FM-08", "FM-47"],
    examples: [
      'Failed to authenticate. API Error: 401 {"type":"error","error":{"type":"authentication_error","message":"OAuth token has expired. Please obtain a new token or refresh your existing token."}}',
      "Failed to authenticate. API Error: 401 OAuth token has expired. Please obtain a new token or refresh your existing token.",
      "OAuth access token has been revoked.",
      "OAuth token has been revoked. Please obtain a new token.",
      "Failed to authenticate. API Error: 401 OAuth access token has been revoked.",
      "Failed to authenticate: OAuth token revoked. Please log in again or contact your administrator.",
      "OAuth token revoked · Please run /login",
      "OAuth access token has expired. Re-authenticate to continue.",
      "Failed to authenticate. API Error: 401 Invalid bearer token",
      "Failed to authenticate. API Error: 401 Invalid authentication credentials",
      "Your account does not have access to Claude. Please login again or contact your administrator.",
    ],
    note: "2.1.104 says the last one of a 403 for a revoked token, where a refresh helps. A refresh helps only a stored login; a dead CLAUDE_CODE_OAUTH_TOKEN needs a person.",
  },
  {
    ...PERSON,
    id: "scope-missing",
    code: "scope_missing",
    match: [{ text: ["does not meet scope requirement", "oauth_scope_insufficient"] }],
    fm: ["FM-07"],
    examples: ["API Error: 403 OAuth token does not meet scope requirement user:profile"],
  },
  {
    ...WAIT,
    id: "network-unavailable",
    code: "network_unavailable",
    match: [
      {
        text: [
          "Unable to connect\\b|Connection (refused|error|reset|timed out)|Request timed out",
          "\\bE(CONNREFUSED|CONNRESET|AI_AGAIN|TIMEDOUT|NETUNREACH|HOSTUNREACH|PIPE)\\b|\\bENOTFOUND\\b",
          "ERR_PROXY_TUNNEL|socket hang up|fetch failed",
          "SSL certificate|self[- ]signed certificate|unable to verify the first certificate",
        ],
      },
      { reason: ["connection_failed"] },
    ],
    fm: ["FM-25"],
    note: "2.1.216 and 2.1.329 call it a server_error all the same (measured 2026-11).",
    examples: [
      "API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)",
      "API Error: Unable to connect to API (ConnectionRefused)",
      "API Error: Unable to connect to API (ECONNREFUSED)",
    ],
  },
  {
    ...WAIT,
    id: "api-unavailable",
    code: "api_unavailable",
    match: [
      { httpStatus: [500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530] },
      { text: ["API Error: 5\\d\\d\\b"] },
      { category: ["server_error"] },
    ],
    examples: ["API Error: 500 Internal server error"],
  },
  {
    ...WAIT,
    id: "edge-forbidden",
    code: "edge_forbidden",
    match: [{ text: ["Request not allowed", "<!DOCTYPE html|<html\\b", "Error 1010"] }],
    fm: ["FM-21"],
    examples: [
      'API Error: 403 {"error":{"type":"forbidden","message":"Request not allowed"}}',
      "API Error: 403 <!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>",
      "API Error: 403 Error 1010 browser_signature_banned",
    ],
    note: "Proxy, VPN, region or reputation. It says nothing about the login, and a refresh would burn a token.",
  },
  {
    ...PERSON,
    id: "wrong-credential",
    code: "wrong_credential",
    match: [
      {
        text: [
          "only authorized for use with Claude Code",
          "OAuth authentication is currently not supported",
          "invalid x-api-key|x-api-key header is required|API key is invalid",
        ],
      },
    ],
    fm: ["FM-49"],
    examples: [
      "API Error: 400 This credential is only authorized for use with Claude Code and cannot be used for other API requests.",
      "API Error: 401 OAuth authentication is currently not supported.",
      "Failed to authenticate. API Error: 401 invalid x-api-key",
    ],
  },
  {
    ...ADMIN,
    id: "account-problem",
    code: "account_problem",
    match: [
      {
        text: [
          "organization has been disabled",
          "belongs to a disabled organization",
          "Credit balance is too low",
          "can't use your Claude subscription",
        ],
      },
      { category: ["billing_error", "account_on_hold", "verification_required"] },
    ],
    fm: ["FM-45", "FM-59"],
    examples: [
      "API Error: 400 This organization has been disabled.",
      "Your ANTHROPIC_API_KEY belongs to a disabled organization · Unset the environment variable to use your subscription instead",
      "Credit balance is too low",
      "Claude Code can't use your Claude subscription, usually because a payment is past due · Pay or renew at https://claude.ai/settings/billing (if you just paid, try again shortly), or use an Anthropic API key instead",
    ],
    note: "2.1.329 says the last one of a 403 that 2.1.216 blames on the organization, and its category does so too (measured 2026-11).",
  },
  {
    ...ADMIN,
    id: "organization-forbidden",
    code: "organization_forbidden",
    match: [
      {
        text: [
          "oauth_org_not_allowed",
          "organization has disabled (Claude subscription access|API key authentication)",
          "Your organization does not have access to Claude\\b",
          "not allowed for this organization",
        ],
      },
      { category: ["oauth_org_not_allowed"] },
    ],
    fm: ["FM-59"],
    examples: [
      "Your organization has disabled Claude subscription access for Claude Code · Use an Anthropic API key instead, or ask your admin to enable access",
      "Your organization does not have access to Claude. Please login again or contact your administrator.",
      "API Error: 403 OAuth authentication is currently not allowed for this organization.",
    ],
    note: "No refresh helps, also where the text says to sign in again (measured on 2.1.104, 2026-11).",
  },
  {
    ...PERSON,
    id: "helper-failing",
    code: "helper_failing",
    match: [
      { text: ["apiKeyHelper script is failing", "^apiKeyHelper failed"] },
      { text: ["Fix external API key"], apiKeySource: ["apiKeyHelper"] },
      { text: ["Fix external API key"], stderr: ["^apiKeyHelper failed"] },
    ],
    fm: ["FM-53"],
    examples: [
      "Your apiKeyHelper script is failing · This usually means you need to re-authenticate with your provider · Run /status to see the script's error output",
      "apiKeyHelper failed: exited 3: broken",
    ],
    note: "2.1.104 blames an external API key for a helper that gave nothing; its stream and its stderr name the helper (measured 2026-11).",
  },
  {
    ...PERSON,
    id: "external-credential",
    code: "wrong_credential",
    match: [
      {
        text: [
          "Fix external (API key|auth token)",
          "is an invalid header value",
          "has invalid value: '(Bearer|sk-)",
        ],
      },
      { reason: ["invalid_credential_header"] },
    ],
    fm: ["FM-06", "FM-49", "FM-50"],
    examples: [
      "Invalid API key · Fix external API key",
      "Invalid auth token · Fix external auth token · Invalid Authorization header value from ANTHROPIC_AUTH_TOKEN: it contains a line break at character 9 (14 characters on 2 lines).",
      'API Error: Headers.append: "Bearer TEST-bad\ntoken" is an invalid header value.',
      "API Error: Header 'Authorization' has invalid value: 'Bearer TEST-bad\ntoken'",
    ],
    note: "A variable, not the stored login: a line break, a wrong kind or a revoked key.",
  },
  {
    ...PERSON,
    id: "no-credential",
    code: "no_credential",
    match: [{ text: ["Not logged in\\b", "Could not resolve authentication method"] }],
    fm: ["FM-37", "FM-46", "FM-51"],
    examples: [
      "Not logged in · Please run /login",
      "Could not resolve authentication method. Expected one of apiKey, authToken",
    ],
    note: "2.1.104 says so of a blanked store as well.",
  },
  {
    ...REJECTED,
    id: "expired-login-as-model-error",
    match: [{ text: ["issue with the selected model"], isStoreDead: true }],
    fm: ["FM-61"],
    until: "2.1.205",
  },
  {
    ...REJECTED,
    id: "auth-rejected",
    match: [
      { httpStatus: [401] },
      { text: ["API Error: 401\\b", "^401\\b"] },
      { errorType: ["authentication_error"] },
      { category: ["authentication_failed"] },
    ],
    fm: ["FM-01", "FM-02", "FM-54"],
    examples: ["API Error: 401 something new"],
    note: "The server is the authority, in whatever words.",
  },
  {
    ...PERSON,
    id: "silent-exit",
    code: "silent_exit",
    match: [{ isSilent: true }],
    fm: ["FM-36", "FM-55"],
    note: "2.1.104 does this when its config directory is read-only.",
  },
  {
    ...PERSON,
    exit: "child",
    id: "job-failed",
    code: "job_failed",
    match: [
      { category: ["invalid_request", "model_not_found", "max_output_tokens"] },
      { httpStatus: [400, 404, 413, 422] },
      { terminalReason: ["max_turns", "max_budget"] },
      {
        text: [
          "issue with the selected model",
          "^API Error: 4(00|04|13|22)\\b",
          "^Error: Reached max ",
        ],
      },
    ],
    fm: ["FM-61"],
    examples: [
      "There's an issue with the selected model (none-such). It may not exist or you may not have access to it. Run --model to pick a different model.",
      "Error: Reached max turns (1)",
    ],
    note: "The job's own: no credential would have made it succeed.",
  },
  {
    ...PERSON,
    exit: "child",
    id: "unknown-failure",
    code: "unknown_failure",
    match: [{}],
    note: "Shown whole, without its tokens. A row of this table may be missing.",
  },
];
