import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import type { Environment } from "../../../claude/locations.ts";
import type { Clock } from "../../../core/ports.ts";
import { proxiedFetch } from "../../proxied-fetch.ts";
import { VERSION } from "../../version.ts";

/** What came of a plain request. */
export type ServerAnswer =
  | { readonly kind: "silent"; readonly cause: string }
  | {
      readonly kind: "answered";
      readonly status: number;
      /** HTML, as an edge network answers. */
      readonly isPage: boolean;
      /** ms. */
      readonly roundTrip: number;
      /**
       * ms by which this clock is ahead of the server's, give or take half the round trip and half a second;
       * `null` where it told no time.
       */
      readonly ahead: number | null;
    };

/** ms for the whole of a request. */
const PATIENCE = 10_000;

/**
 * Sends one HEAD request without any credential, under our own name, through the proxy of `env`. Never
 * throws: that nobody answers is an answer.
 */
export async function askServer(
  url: string,
  env: Environment,
  clock: Clock,
): Promise<ServerAnswer> {
  const certificates = await trustedBy(env);
  const [sentAt, start] = [clock.now(), clock.monotonic()];
  try {
    const { status, headers } = await proxiedFetch(env, { isPatient: false, certificates })(url, {
      method: "HEAD",
      redirect: "manual",
      headers: { "user-agent": `pilotlight/${VERSION}`, "cache-control": "no-cache" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    const roundTrip = clock.monotonic() - start;
    const isPage = headers.get("content-type")?.includes("text/html") === true;
    const serverTime = timeIn(headers);
    const ahead = serverTime === null ? null : sentAt + roundTrip / 2 - serverTime;
    return { kind: "answered", status, isPage, roundTrip, ahead };
  } catch (error) {
    return { kind: "silent", cause: causeOf(error) };
  }
}

/** Epoch ms, in the middle of the second that `Date` names; a cached answer is older by its `Age` (RFC 9111 §4.2.3). */
function timeIn(headers: Headers): number | null {
  const date = Date.parse(headers.get("date") ?? "");
  const age = Number(headers.get("age") ?? 0);
  return Number.isNaN(date) ? null : date + 500 + (age > 0 ? age * 1000 : 0);
}

/**
 * What Claude Code trusts: its own list and the system's, unless CLAUDE_CODE_CERT_STORE names fewer, and
 * the file of NODE_EXTRA_CA_CERTS (its network documentation, 2026-08).
 */
async function trustedBy(env: Environment): Promise<readonly string[]> {
  const stores = (env["CLAUDE_CODE_CERT_STORE"] || "bundled,system").split(/[\s,]+/);
  const extra = await readFile(env["NODE_EXTRA_CA_CERTS"] ?? "", "utf8").catch(() => null);
  return [
    ...(["bundled", "system"] as const)
      .filter((store) => stores.includes(store))
      .flatMap((store) => getCACertificates(store)),
    ...(extra === null ? [] : [extra]),
  ];
}

/** The innermost reason: what is around it only says that the request failed. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${PATIENCE / 1000} s`;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  if (inner !== undefined && inner !== null) return causeOf(inner);
  const code = "code" in error ? String(error.code) : "";
  return error.message.includes(code) ? error.message : `${code} ${error.message}`;
}
