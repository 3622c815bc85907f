import { fingerprintOf } from "../claude/fingerprint.ts";
import type { Fingerprint } from "../core/credential.ts";
import type { FaultName } from "./fault.ts";

/** One request as the log keeps it. Holds no token: those it carried are named by their fingerprints. */
export interface LoggedRequest {
  /** Epoch ms of its arrival. */
  readonly at: number;
  readonly face: "direct" | "proxy";
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** `null` until there is an answer, and where there never is one. */
  readonly status: number | null;
  readonly state: "pending" | "answered" | "dropped";
  readonly grantType: string | null;
  readonly fault: FaultName | null;
  readonly credentialHeaders: readonly ("authorization" | "x-api-key")[];
  readonly fingerprints: {
    readonly bearer: Fingerprint | null;
    readonly apiKey: Fingerprint | null;
    readonly refreshToken: Fingerprint | null;
  };
  readonly userAgent: string | null;
}

/** What a handler tells the log about the request it is serving. */
export type Note = (facts: {
  readonly grantType?: string | null;
  readonly refreshToken?: string | null;
  readonly fault?: FaultName | null;
}) => void;

/** A request that is being served. */
export interface LogEntry {
  readonly note: Note;
  answered(status: number): void;
  dropped(): void;
}

export interface RequestLog {
  open(face: LoggedRequest["face"], request: Request): LogEntry;
  /** A proxy request that got no further. */
  refused(method: string, host: string): void;
  list(): readonly LoggedRequest[];
}

/** The oldest go first: a sandbox that runs for days must not fill the memory. */
const KEPT = 10_000;

export function requestLog(now: () => number): RequestLog {
  const entries: LoggedRequest[] = [];

  function append(first: LoggedRequest): (change: Partial<LoggedRequest>) => void {
    const entry = { ...first };
    entries.push(entry);
    if (entries.length > KEPT) entries.shift();
    return (change) => void Object.assign(entry, change);
  }

  function open(face: LoggedRequest["face"], request: Request): LogEntry {
    const first = describe(face, request, now());
    const change = append(first);
    let { fingerprints } = first;
    return {
      note({ grantType, refreshToken, fault }) {
        if (grantType !== undefined) change({ grantType: grantType && scrub(grantType) });
        if (fault !== undefined) change({ fault });
        if (refreshToken) {
          fingerprints = { ...fingerprints, refreshToken: fingerprintOf(refreshToken) };
          change({ fingerprints });
        }
      },
      answered: (status) => change({ status, state: "answered" }),
      dropped: () => change({ state: "dropped" }),
    };
  }

  return {
    open,
    refused: (method, host) =>
      void append({ ...BLANK, at: now(), face: "proxy", method, host: scrub(host), status: 403 }),
    list: () => entries.map((entry) => ({ ...entry })),
  };
}

const BLANK = {
  path: "",
  state: "answered",
  grantType: null,
  fault: null,
  credentialHeaders: [],
  fingerprints: { bearer: null, apiKey: null, refreshToken: null },
  userAgent: null,
} as const;

function describe(face: LoggedRequest["face"], request: Request, at: number): LoggedRequest {
  const { host, pathname } = new URL(request.url);
  const bearer = bearerOf(request);
  const apiKey = request.headers.get("x-api-key");
  const userAgent = request.headers.get("user-agent");
  return {
    ...BLANK,
    at,
    face,
    method: request.method,
    host: scrub(host),
    path: scrub(pathname),
    status: null,
    state: "pending",
    credentialHeaders: (["authorization", "x-api-key"] as const).filter((name) =>
      request.headers.has(name),
    ),
    fingerprints: {
      bearer: bearer === null ? null : fingerprintOf(bearer),
      apiKey: apiKey === null ? null : fingerprintOf(apiKey),
      refreshToken: null,
    },
    userAgent: userAgent && scrub(userAgent),
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1). */
export function bearerOf(request: Request): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}

/** A client may have put a token where none belongs, in a path for instance. */
function scrub(text: string): string {
  return text.replaceAll(/sk-ant-[\w-]*/gi, "[secret]");
}
