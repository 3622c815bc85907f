import type { VerdictRow } from "../verdict-row.ts";
import { PERSON, REJECTED } from "./row-bases.ts";

/** The server, or Claude Code on its behalf, said no to the credential in words that are known. */
export const RUN_REFUSALS: readonly VerdictRow[] = [
  {
    ...PERSON,
    id: "login-ended",
    symptom: "A job says that its session or login has expired",
    code: "login_ended",
    retry: "look_again",
    grant: "ended",
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
    steps: [
      "Sign in again as the user of the job, with its HOME and CLAUDE_CONFIG_DIR: `pilotlight login`.",
      "If that happens before the thirty days are over, look for another host or tool that uses the same login.",
    ],
    fm: ["FM-03", "FM-04", "FM-11", "FM-12"],
    examples: [
      "OAuth session expired and could not be refreshed",
      "Failed to authenticate: OAuth session expired and could not be refreshed",
      "Failed to authenticate: this login reached its time limit and cannot be renewed. Run `claude auth login` to sign in again, or use `claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN for unattended jobs",
      "OAuth refresh token is no longer valid; run /login to re-authenticate",
      "Login expired · Please run /login",
    ],
    note: "Stopped locally, so there is no HTTP status. A sibling may have signed in meanwhile, so the store is looked at once more.",
  },
  {
    ...PERSON,
    id: "gateway-rejected",
    symptom: "A job gets a 401 or 403 while ANTHROPIC_BASE_URL leads elsewhere",
    code: "gateway_rejected",
    match: [{ isGateway: true, httpStatus: [401, 403] }],
    steps: [
      "Check the address in ANTHROPIC_BASE_URL, and the key that this gateway expects.",
      "To use the subscription, remove ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN from the job's environment and settings.",
    ],
    fm: ["FM-48"],
    note: "ANTHROPIC_BASE_URL: the refusal is the gateway's; 2.1.329 says served_by_anthropic false (measured 2026-11).",
  },
  {
    ...REJECTED,
    id: "auth-rejected-text",
    symptom: "A job ends with 401: the token has expired, was revoked or is invalid",
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
    steps: [
      "Nothing, where the job used the stored login: Pilotlight refreshes it and repeats the job once if that is safe.",
      "Where CLAUDE_CODE_OAUTH_TOKEN is set, that token is dead: make a new one with `claude setup-token`, or remove the variable to use the login.",
      "If a new sign-in is rejected as well, the account is in the way: see `pilotlight help account_problem`.",
    ],
    fm: ["FM-01", "FM-02", "FM-05", "FM-06", "FM-08", "FM-26", "FM-47", "FM-60"],
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
    symptom: "A job says that its token lacks a scope",
    code: "scope_missing",
    match: [{ text: ["does not meet scope requirement", "oauth_scope_insufficient"] }],
    steps: [
      "Give the job a login of its own (`claude auth login` in a config directory of its own): a setup-token may ask the model and nothing else.",
    ],
    fm: ["FM-07"],
    examples: ["API Error: 403 OAuth token does not meet scope requirement user:profile"],
  },
];
