import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { answerUnparsed } from "./answer-unparsed.ts";
import { failureOf, type Problem, problemResponse, refusalOf } from "./problem.ts";
import { withSafeHeaders } from "./safe-headers.ts";

/** Times are ms, sizes bytes. */
interface ServeLimits {
  /** For a request's head. */
  readonly headersTimeout: number;
  /** For a whole request. */
  readonly requestTimeout: number;
  /** For the next request on a connection. */
  readonly keepAliveTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxConnections: number;
  readonly maxRequestsPerConnection: number;
  /** What `close()` leaves to answers under way. */
  readonly grace: number;
}

export interface ServeKeepOptions extends Partial<ServeLimits> {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface Serving {
  readonly address: string;
  readonly port: number;
  /** How many are connected. */
  connections(): Promise<number>;
  /** Stops listening, and leaves open answers the grace time before it cuts them off. */
  close(): Promise<void>;
}

const LIMITS: ServeLimits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5000,
  maxHeaderSize: 8192,
  maxConnections: 256,
  maxRequestsPerConnection: 1000,
  grace: 300,
};

/**
 * Serves a fetch-shaped handler over HTTP/1.1.
 * @throws Error (EADDRINUSE, EACCES, EADDRNOTAVAIL) of node's when the port cannot be had.
 */
export async function serveKeep(
  handler: (request: Request) => Promise<Response>,
  options: ServeKeepOptions,
): Promise<Serving> {
  const limits = { ...LIMITS, ...options };
  const server = limitedServer(limits);
  const listener = getRequestListener(handler, {
    overrideGlobalObjects: false,
    errorHandler: (error) => withSafeHeaders(problemResponse(problemOf(error))),
  });
  // The listener answers its own failures, so there is nothing to wait for.
  server.on("request", (incoming, outgoing) => void listener(incoming, outgoing));
  // Node closes what is idle when it stops listening, and not what becomes so later.
  server.on("request", (_, outgoing) => {
    outgoing.once("close", () => server.listening || server.closeIdleConnections());
  });
  // Node would put the 100 of a response that waits for an earlier one between its head and its body (measured on
  // 24.21, 2026-11). It is a courtesy: who gets none sends the body all the same (RFC 9110 §10.1.1).
  server.on("checkContinue", (incoming, outgoing) => {
    if (outgoing.socket !== null) outgoing.writeContinue();
    server.emit("request", incoming, outgoing);
  });
  answerUnparsed(server, limits.requestTimeout);
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    close: () => close(server, limits.grace),
  };
}

/** The words of what a handler threw are for nobody outside. */
function problemOf(error: unknown): Problem {
  return error instanceof RequestError ? refusalOf("bad_request") : failureOf("bug");
}

function limitedServer(limits: ServeLimits): Server {
  const { requestTimeout, keepAliveTimeout, maxHeaderSize } = limits;
  const headersTimeout = Math.min(limits.headersTimeout, requestTimeout);
  const server = createServer({
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    maxHeaderSize,
    keepAlive: true,
    // Node looks for those that are late only so often.
    connectionsCheckingInterval: Math.min(1000, headersTimeout),
  });
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
  return server;
}

async function listen(server: Server, { host, port }: ServeKeepOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), grace);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
