import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { Trouble } from "../core/trouble.ts";

export interface GuardOptions {
  /** Names, besides those of the loopback interface, by which this service may be called. */
  readonly hosts: readonly string[];
  /** The bearer token of `/api`; `null` where none is asked for. */
  readonly token: string | null;
}

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const METHODS = ["GET", "POST", "PUT", "DELETE"];

/** Turns away what was not meant for this service, before anything of it is read. */
export function guard({ hosts, token }: GuardOptions): MiddlewareHandler {
  const names = new Set([...LOOPBACK, ...hosts]);
  return async ({ req }, next) => {
    if (!METHODS.includes(req.method)) throw METHOD;
    const { hostname, pathname } = new URL(req.url);
    // A page in a browser can give its own name this address (DNS rebinding).
    if (!names.has(hostname)) throw FOREIGN;
    if (req.header("origin") !== undefined) throw FOREIGN;
    if (
      token !== null &&
      pathname.startsWith("/api/") &&
      !isBearer(req.header("authorization"), token)
    ) {
      throw UNAUTHORIZED;
    }
    await next();
  };
}

function isBearer(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const METHOD = new Trouble({
  code: "method_not_allowed",
  status: 405,
  title: "this method is not served",
  detail: `served are ${METHODS.join(", ")}`,
  retryable: false,
});

const FOREIGN = new Trouble({
  code: "host_foreign",
  status: 421,
  title: "this service is not called by that name, and not from a page in a browser",
  detail: "the names that it answers to are set in CONTEXT_HOSTS",
  retryable: false,
});

const UNAUTHORIZED = new Trouble({
  code: "unauthorized",
  status: 401,
  title: "a bearer token is needed",
  detail: "send Authorization: Bearer with the token that is set in CONTEXT_TOKEN",
  retryable: false,
});
