/** Every fault the sandbox can play, and what the server then does. The names' first word is the endpoint. */
export const FAULTS = {
  "token-invalid-grant-400": 'Answers 400 `{"error":"invalid_grant"}`',
  "token-invalid-grant-401": 'Answers 401 `{"error":"invalid_grant"}`',
  "token-error-400": "Answers 400 with an Anthropic-style `invalid_request_error`",
  "token-error-401": "Answers 401 with an Anthropic-style `authentication_error`",
  "token-429": "Answers 429 `rate_limit_error`, with `Retry-After` when `retryAfter` is given",
  "token-500": "Answers 500 `api_error`",
  "token-502": "Answers 502 with a plain-text body",
  "token-503-html": "Answers 503 with an HTML page",
  "token-403-html": "Answers 403 with an HTML page as an edge network does",
  "token-403-json": 'Answers 403 `forbidden`, "Request not allowed"',
  "token-hang":
    "Says nothing for `delayMs` (120 s unless given), then closes the connection; nothing is spent",
  "token-reset": "Closes the connection without an answer; nothing is spent",
  "token-rotate-then-drop": "Rotates, then closes the connection without an answer",
  "token-rotate-then-hang":
    "Rotates, says nothing for `delayMs` (120 s unless given), then closes the connection",
  "token-rotate-then-broken-json": "Rotates, then answers 200 with half of the JSON",
  "token-without-scope": "Rotates and answers without `scope`",
  "token-without-refresh-token":
    "Issues an access token, keeps the refresh token and answers without `refresh_token`",
  "token-slow":
    'Answers correctly after `delayMs` (1 s unless given); `rotateAt` says whether it rotates at the "start" or at the "end" of it (unless given)',
  "messages-401-expired": 'Answers 401 "OAuth token has expired. …"',
  "messages-401-invalid": 'Answers 401 "Invalid authentication credentials"',
  "messages-401-revoked": 'Answers 401 "OAuth access token has been revoked."',
  "messages-401-api-key": 'Answers 401 "invalid x-api-key"',
  "messages-403-revoked": 'Answers 403 `permission_error` "OAuth token has been revoked. …"',
  "messages-403-organization":
    'Answers 403 "OAuth authentication is currently not allowed for this organization."',
  "messages-429-usage-limit":
    "Answers 429 with the headers of a used-up limit; it resets after `retryAfter` seconds (3600 unless given)",
  "messages-429-throttled":
    "Answers 429 without them, with `Retry-After` when `retryAfter` is given",
  "messages-529": "Answers 529 `overloaded_error`",
} as const satisfies Record<string, string>;

export type FaultName = keyof typeof FAULTS;
type FaultEndpoint = "token" | "messages";
export type TokenFaultName = Extract<FaultName, `token-${string}`>;
export type MessagesFaultName = Extract<FaultName, `messages-${string}`>;

/** One fault, as it is asked for. */
export interface Fault<Name extends FaultName = FaultName> {
  readonly name: Name;
  /** How many requests it meets; every one until it is cleared unless given. */
  readonly times?: number | undefined;
  /** ms before the answer. */
  readonly delayMs?: number | undefined;
  /** For `token-slow`. */
  readonly rotateAt?: "start" | "end" | undefined;
  /** Seconds; for the 429s. */
  readonly retryAfter?: number | undefined;
  /** The value of an `x-should-retry` header on a faulty Messages answer; no header unless given. */
  readonly shouldRetry?: boolean | undefined;
}

/** The faults that wait for requests. Those of an endpoint are used up in the order they were set. */
export interface FaultQueue {
  add(fault: Fault): void;
  clear(): void;
  /** What is left, with the `times` that remain. */
  list(): readonly Fault[];
  take(endpoint: "token"): Fault<TokenFaultName> | null;
  take(endpoint: "messages"): Fault<MessagesFaultName> | null;
}

export function faultQueue(): FaultQueue {
  let waiting: { fault: Fault; left: number }[] = [];

  function take(endpoint: FaultEndpoint): Fault | null {
    const found = waiting.find(({ fault }) => fault.name.startsWith(`${endpoint}-`));
    if (found === undefined) return null;
    found.left -= 1;
    if (found.left <= 0) waiting = waiting.filter((entry) => entry !== found);
    return found.fault;
  }

  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? Infinity }),
    clear: () => void (waiting = []),
    list: () =>
      waiting.map(({ fault, left }) => (left === Infinity ? fault : { ...fault, times: left })),
    take: take as FaultQueue["take"],
  };
}
