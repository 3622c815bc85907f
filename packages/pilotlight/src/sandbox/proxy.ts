import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { CertificateAuthority } from "./certificates.ts";

/** The hosts Claude Code signs in at and talks to. */
const HOSTS = ["platform.claude.com", "api.anthropic.com", "claude.ai", "claude.com"] as const;

export interface ProxyOptions {
  readonly certificates: CertificateAuthority;
  /** Serves what comes out of the tunnels. */
  readonly listener: RequestListener;
  /** Told of every request that got no further. */
  readonly refused: (method: string, host: string) => void;
}

/**
 * A proxy that is the end of every tunnel: it answers for `HOSTS` with certificates of its own and refuses the rest (403).
 * It opens no connection to anywhere. The server is not listening yet.
 */
export function proxy({ certificates, listener, refused }: ProxyOptions): Server {
  // Never listens: it is handed the decrypted connections.
  const inside = createServer(listener);
  const outside = createServer((request, response) => {
    refused(request.method ?? "", plainHost(request));
    response.writeHead(403, { "content-type": "text/plain", connection: "close" });
    response.end("The sandbox proxy takes CONNECT only.\n");
  });

  async function tunnel(socket: Duplex, host: string, head: Buffer): Promise<void> {
    const { cert, key } = await certificates.certify(host);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    const secureContext = createSecureContext({ cert, key });
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: ["http/1.1"],
    });
    // A client that hangs up or distrusts the certificate is not our failure.
    secure.on("error", () => secure.destroy());
    tunnelHosts.set(secure, host);
    inside.emit("connection", secure);
  }

  outside.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const host = tunnelHost(request.url ?? "");
    if (host === null) {
      refused("CONNECT", request.url ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    } else tunnel(socket, host, head).catch(() => socket.destroy());
  });
  return outside;
}

const tunnelHosts = new WeakMap<object, string>();

/** The host whose tunnel a request came out of. */
export function tunnelHostOf(request: IncomingMessage): string | null {
  return tunnelHosts.get(request.socket) ?? null;
}

function tunnelHost(target: string): string | null {
  return HOSTS.find((host) => target === `${host}:443`) ?? null;
}

function plainHost(request: IncomingMessage): string {
  return URL.parse(request.url ?? "")?.host ?? request.headers.host ?? "";
}
