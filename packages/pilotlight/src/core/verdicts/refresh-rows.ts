import type { RefreshRow } from "../verdict-row.ts";
import { DEFERRED, DOUBTED, PERSON } from "./row-bases.ts";

/** Wherever the answer came from, and whoever asked for it. */
const ANSWERS: readonly RefreshRow[] = [
  {
    ...DOUBTED,
    id: "refresh-still-running",
    symptom: "A refresh has not ended after two and a half minutes",
    code: "refresh_running",
    match: [{ isRunning: true }],
    steps: ["Leave it alone: a signal in mid-refresh loses the login. What it stores is adopted."],
    fm: ["FM-13"],
  },
  {
    ...DEFERRED,
    id: "refresh-throttled",
    symptom: "A refresh is answered with 429",
    code: "throttled",
    match: [{ httpStatus: [429] }],
    steps: [
      "Wait some minutes; jobs go on while the access token lives.",
      "If it goes on, look for other tools on this machine or address that refresh the same login.",
    ],
    fm: ["FM-20", "FM-63"],
    note: "Also where the body says invalid_grant: a 429 never ends a login.",
  },
  {
    ...PERSON,
    subject: "refresh",
    id: "grant-rejected",
    symptom: "A refresh is answered with invalid_grant",
    code: "login_ended",
    retry: "look_again",
    grant: "ended",
    match: [{ httpStatus: [400, 401], oauthError: ["invalid_grant"] }],
    steps: [
      "Sign in again as the user of the job, with its HOME and CLAUDE_CONFIG_DIR: `pilotlight login`.",
      "If that happens before the thirty days are over, look for another host, container or tool that uses the same login, and give each one of its own.",
    ],
    fm: ["FM-03", "FM-04", "FM-09", "FM-11", "FM-12", "FM-23", "FM-31"],
    note: "Claude Code blanks its staged copy instead (2.1.216 and newer, measured 2026-11), which is the same word. Nothing else ends a login.",
  },
  {
    ...DEFERRED,
    id: "refresh-edge-forbidden",
    symptom: "A refresh is answered with 403 and a page",
    code: "edge_forbidden",
    match: [
      { httpStatus: [403], body: ["other"] },
      { httpStatus: [403], via: ["cli"] },
    ],
    steps: [
      "Look for a proxy, VPN, data centre address or unsupported region between this machine and platform.claude.com.",
      "Do not sign in again because of it: the login was not looked at.",
    ],
    fm: ["FM-21"],
    note: "A page of an edge network never ends a login.",
  },
  {
    ...PERSON,
    subject: "refresh",
    id: "endpoint-refused",
    symptom: "The token endpoint refuses this client",
    code: "endpoint_refused",
    grant: "stands",
    match: [
      { via: ["endpoint"], httpStatus: [403, 404] },
      {
        oauthError: [
          "invalid_client",
          "invalid_request",
          "invalid_scope",
          "unauthorized_client",
          "unsupported_grant_type",
        ],
      },
    ],
    steps: [
      'Use the default driver (`driver = "cli"`): the user\'s own Claude Code refreshes.',
      "Check PILOTLIGHT_TOKEN_URL, if it is set: the endpoint has moved before.",
    ],
    fm: ["FM-22", "FM-23", "FM-24"],
    note: "RFC 6749 §5.2: these say something about the request or who sends it, and nothing about the grant.",
  },
  {
    ...DOUBTED,
    id: "refresh-gateway-gave-up",
    symptom: "A refresh is answered with 502 or 504",
    match: [{ httpStatus: [502, 504] }],
    steps: [
      "Let jobs go on while the access token lives; Pilotlight tries once more when it has ended.",
      "A sign-in settles it at any time: `pilotlight login`.",
    ],
    fm: ["FM-13"],
    note: "A gateway that gave up on the server behind it does not know what that server did.",
  },
  {
    ...DOUBTED,
    id: "refresh-answer-unreadable",
    symptom: "A refresh succeeded, but its answer holds no token",
    match: [{ isHollow: true }],
    steps: [
      "Let jobs go on while the access token lives; the answer is kept in the spill.",
      "A sign-in settles it at any time: `pilotlight login`.",
    ],
    fm: ["FM-13", "FM-15"],
  },
];

/** No answer came, or Claude Code says why it stored nothing. */
const LOSSES: readonly RefreshRow[] = [
  {
    ...DOUBTED,
    id: "refresh-answer-lost",
    symptom: "The answer to a refresh was lost",
    match: [
      {
        via: ["cli"],
        cause: ["timeout of \\d+ms|socket hang up|ECONNRESET|EPIPE|aborted"],
      },
    ],
    steps: [
      "Let jobs go on while the access token lives; Pilotlight tries once more when it has ended.",
      "A sign-in settles it at any time: `pilotlight login`.",
    ],
    fm: ["FM-13", "FM-19"],
    note: "It sends a refresh token up to six times, and one lost answer among them is enough for a doubt (measured on 2.1.216 and 2.1.329, 2026-11).",
  },
  {
    ...DEFERRED,
    id: "refresh-endpoint-failing",
    symptom: "A refresh is answered with an error that says nothing about the login",
    code: "endpoint_unavailable",
    match: [
      { via: ["endpoint"], isAnswered: true },
      { via: ["cli"], cause: ["status code 5\\d\\d"] },
    ],
    steps: ["Wait; Pilotlight tries again. The login itself is untouched."],
    fm: ["FM-20", "FM-25"],
    note: "A redirect, too: it is not followed.",
  },
  {
    ...DEFERRED,
    id: "refresh-not-sent",
    symptom: "A refresh cannot reach the token endpoint",
    code: "network_unavailable",
    match: [
      {
        via: ["cli"],
        cause: [
          "ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|certificate|self.signed|tunnel",
        ],
      },
      {
        via: ["endpoint"],
        errno: [
          "ECONNREFUSED",
          "ENOTFOUND",
          "EAI_AGAIN",
          "ENETUNREACH",
          "EHOSTUNREACH",
          "UND_ERR_CONNECT_TIMEOUT",
          "UND_ERR_PRX_CONN",
          "DEPTH_ZERO_SELF_SIGNED_CERT",
          "SELF_SIGNED_CERT_IN_CHAIN",
          "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
          "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
          "CERT_HAS_EXPIRED",
          "CERT_NOT_YET_VALID",
          "CERT_UNTRUSTED",
          "CERT_REJECTED",
          "CERT_REVOKED",
          "ERR_TLS_CERT_ALTNAME_INVALID",
        ],
      },
      // undici gives a proxy's refusal of the tunnel the code of an aborted request.
      { via: ["endpoint"], cause: ["^Proxy response \\(\\d+\\)"] },
    ],
    steps: [
      "Check network and DNS from the environment of the service, not from a terminal.",
      "Behind a proxy, set HTTPS_PROXY for the service and let platform.claude.com through.",
      "Where a proxy opens TLS, point NODE_EXTRA_CA_CERTS at its certificate.",
    ],
    fm: ["FM-25"],
    note: "The connection was never made, so the refresh token has not left this machine.",
  },
  {
    ...DOUBTED,
    id: "refresh-connection-broken",
    symptom: "The connection broke while a refresh was under way",
    match: [{ via: ["endpoint"], isAnswered: false }],
    steps: [
      "Let jobs go on while the access token lives; Pilotlight tries once more when it has ended.",
      "A sign-in settles it at any time: `pilotlight login`.",
    ],
    fm: ["FM-13", "FM-19"],
  },
  {
    ...DOUBTED,
    id: "refresh-untold",
    symptom: "A refresh stored nothing, and Claude Code does not tell why",
    code: "refresh_unknown",
    match: [{}],
    steps: [
      "Let jobs go on while the access token lives; Pilotlight tries again once it has ended.",
      "If it goes on, name a newer Claude Code for the refresh (`refresh.claude`), or sign in again.",
    ],
    fm: ["FM-13"],
    note: "A 500, a 503, a broken body and an error in Anthropic's style leave no line in the log; 2.1.104 never writes one (measured 2026-11).",
  },
];

/** How a refresh can end without a new token. */
export const REFRESH_ROWS: readonly RefreshRow[] = [...ANSWERS, ...LOSSES];
