import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isAuthorizationPath } from "./authorization/authorization-endpoint.ts";
import { type Backend, backend, type Controls, type SandboxLogin } from "./backend.ts";
import { certificateAuthority } from "./certificates.ts";
import { controlApi, problem } from "./control-api.ts";
import { face } from "./face.ts";
import type { Fault } from "./fault.ts";
import { listening } from "./listening.ts";
import { proxy, tunnelHostOf } from "./proxy.ts";
import type { Reply } from "./reply.ts";
import type { GrantCounts, LedgerOptions } from "./token-ledger.ts";

export interface SandboxOptions extends Partial<LedgerOptions> {
  /** Port of the direct face; a free one unless given. */
  readonly port?: number | undefined;
  /** Life of an authorization code in seconds; 10 min unless given. */
  readonly codeLife?: number | undefined;
  /** ms; real time unless given. */
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
  /** Lets the process end although nobody called `stop()`. */
  readonly unref?: boolean | undefined;
  /** What the model says to a Messages request. */
  readonly reply?: Reply | undefined;
  /** The `x-should-retry` header on the refusal of a credential; `false` unless given, `null` for none. */
  readonly shouldRetry?: boolean | null | undefined;
}

/** What `GET /_sandbox/state` shows. */
export interface SandboxState {
  readonly url: string;
  readonly tokenUrl: string;
  readonly proxyUrl: string;
  readonly caFile: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logins: readonly SandboxLogin[];
  readonly grants: GrantCounts;
  readonly faults: readonly Fault[];
}

/** A running sandbox. */
export interface Sandbox extends Controls {
  /** The direct face: the same server over plain HTTP, and the control API. */
  readonly url: string;
  /** The token endpoint there. */
  readonly tokenUrl: string;
  readonly proxyUrl: string;
  /** The certificate (PEM) that a client of the proxy must trust. */
  readonly caFile: string;
  /** What a child needs in its environment to talk to the sandbox and to nobody else. Credential variables are the caller's to leave out. */
  env(): Record<string, string>;
  state(): SandboxState;
  /**
   * Where the page of a link that Claude Code prints stands on the direct face, for a browser without the proxy.
   * @throws TypeError for what is no such link.
   */
  authorizeUrl(link: string): string;
  /** Closes every socket and removes the temporary directory. A second call does nothing more. */
  stop(): Promise<void>;
}

/**
 * Starts an authority, a Messages API and a proxy in this process, all on 127.0.0.1.
 * @throws Error of node's when the port or the temporary directory cannot be had.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { now = Date.now, random = randomBytes, port = 0, unref = false } = options;
  const stopping = new AbortController();
  const nap = (ms: number) => setTimeout(ms, undefined, { ref: !unref, signal: stopping.signal });
  const server = backend({ ...options, now, random, sleep: options.sleep ?? nap });
  const folder = temporaryFolder();
  const closing: (() => Promise<void> | void)[] = [() => removeFolder(folder)];
  const close = async () => {
    stopping.abort();
    for (const step of closing.toReversed()) await step();
  };

  async function open(): Promise<Places> {
    // Clients check certificates against real time, whatever time it is for the tokens.
    const certificates = await certificateAuthority(Date.now());
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, certificates.cert, { mode: 0o600 });
    const listener = tunnelFace(server);
    const refused = (method: string, host: string) => server.refused(method, host);
    const outside = proxy({ certificates, listener, refused });
    const tunnels = await listening(outside, { port: 0, unref });
    closing.push(() => tunnels.close());
    const direct = await listening(createServer(directFace(server, state)), { port, unref });
    closing.push(() => direct.close());
    return placesOf(direct.port, tunnels.port, caFile);
  }

  const state = () => stateOf(server, places);
  const places = await open().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  let closed: Promise<void> | undefined;
  const stop = () => (closed ??= close());
  const authorizeUrl = (link: string) => onDirectFace(link, places.url);
  const env = () => environmentOf(places);
  return { ...server.controls, ...places, env, state, authorizeUrl, stop };
}

function onDirectFace(link: string, url: string): string {
  const { pathname, search } = new URL(link);
  if (isAuthorizationPath(pathname)) return `${url}${pathname}${search}`;
  throw new TypeError("this is no authorization link");
}

type Places = Pick<Sandbox, "url" | "tokenUrl" | "proxyUrl" | "caFile">;

function placesOf(direct: number, tunnels: number, caFile: string): Places {
  const url = `http://127.0.0.1:${direct}`;
  const proxyUrl = `http://127.0.0.1:${tunnels}`;
  return { url, tokenUrl: `${url}/v1/oauth/token`, proxyUrl, caFile };
}

function stateOf({ controls }: Backend, places: Places): SandboxState {
  return {
    ...places,
    env: environmentOf(places),
    logins: controls.logins(),
    grants: controls.grants(),
    faults: controls.faults(),
  };
}

function environmentOf({ proxyUrl, caFile, tokenUrl }: Places): Record<string, string> {
  // Clients differ in the case they read first, and an inherited NO_PROXY could lead past the proxy.
  const none = "127.0.0.1,localhost";
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    HTTP_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    NO_PROXY: none,
    no_proxy: none,
    NODE_EXTRA_CA_CERTS: caFile,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    PILOTLIGHT_TOKEN_URL: tokenUrl,
  };
}

function directFace(server: Backend, state: () => SandboxState): RequestListener {
  const control = controlApi(server.controls, state);
  return face(async (request, { socket }) => {
    const { hostname, port, pathname } = new URL(request.url);
    // A page that points its own name at 127.0.0.1 (DNS rebinding) is not one of ours.
    const isOurs = hostname === "127.0.0.1" || hostname === "localhost";
    if (!isOurs || (port || "80") !== String(socket.localPort))
      return problem(421, "The sandbox answers to its own address only");
    return pathname.startsWith("/_sandbox/")
      ? control.fetch(request)
      : server.serve("direct", request);
  });
}

function tunnelFace(server: Backend): RequestListener {
  return face(async (request, incoming) => {
    const { host, pathname } = new URL(request.url);
    if (host !== tunnelHostOf(incoming)) return problem(421, "This tunnel leads to another host");
    if (pathname.startsWith("/_sandbox/"))
      return problem(404, "The controls are on the direct face only");
    return server.serve("proxy", request);
  });
}

const folders = new Set<string>();

/** Makes a 0700 folder that is gone when the process is, at the latest. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "pilotlight-sandbox-"));
  if (folders.size === 0) process.once("exit", removeFolders);
  folders.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeFolders);
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
