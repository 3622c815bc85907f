import { type Address, isAllowedHost, isLoopback } from "./allowed-host.ts";
import type { IsAuthorised } from "./bearer.ts";
import { problemResponse, type RefusalCode, refusalOf } from "./problem.ts";

export interface GuardOptions {
  /** Where the server listens; asked at each request, for a free port is known only later. */
  readonly address: () => Address;
  /** Names beside the address that it may be asked by. */
  readonly hosts: readonly string[];
  readonly isAuthorised: IsAuthorised;
  /** What asks whoever comes for a secret of its own. */
  readonly isOwnDoor: (path: string) => boolean;
}

/** Characters. */
const LONGEST_URL = 2048;

/** What a probe needs, which says little more than yes or no. */
const PROBES: readonly string[] = ["/livez", "/readyz"];

/** Refuses what no route should see; `null` lets a request pass. */
export function guard(request: Request, options: GuardOptions): Response | null {
  // What is put together from a Host need not be an address at all: http://1x.0.0.1/.
  const url = URL.parse(request.url);
  if (url === null) return refuse("bad_request");
  if (request.url.length - url.origin.length > LONGEST_URL) return refuse("url_too_long");
  const host = request.headers.get("host") ?? url.host;
  const address = options.address();
  // An address in full in the request line stands above Host (RFC 9112 §3.2.2): both must be ours.
  const isOurs = [host, url.host].every((name) => isAllowedHost(name, address, options.hosts));
  if (!isOurs) return refuse("host_foreign");
  if (isForeign(request, host)) return refuse("origin_foreign");
  const { pathname } = url;
  const isFree = isOpenToAll(options) || PROBES.includes(pathname) || options.isOwnDoor(pathname);
  return isFree || options.isAuthorised(request) ? null : unauthorised();
}

/** Whether whoever can connect may read: only this machine can. */
export function isOpenToAll({ address }: Pick<GuardOptions, "address">): boolean {
  return isLoopback(address().host);
}

export function unauthorised(): Response {
  const headers = { "www-authenticate": 'Bearer realm="pilotlight"' };
  return problemResponse(refusalOf("token_required"), headers);
}

function refuse(code: RefusalCode): Response {
  return problemResponse(refusalOf(code));
}

/**
 * Whether a browser sends this for a page of somebody else. Such a page can read nothing (there is no CORS), but it could
 * start a refresh or take up the listeners of events. To follow a link here is allowed.
 */
function isForeign({ method, headers }: Request, host: string): boolean {
  const origin = headers.get("origin");
  const own = [`http://${host}`, `https://${host}`];
  if (origin !== null && !own.includes(origin.toLowerCase())) return true;
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return false;
  return !(method === "GET" && headers.get("sec-fetch-mode") === "navigate");
}
