import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A server that listens on 127.0.0.1. */
export interface Listening {
  readonly port: number;
  /** Stops listening and closes every connection, tunnels too. */
  close(): Promise<void>;
}

/**
 * Starts a server on loopback; `port` 0 takes a free one. With `unref` neither it nor its connections keep the process alive.
 * @throws Error (EADDRINUSE, EACCES) of node's when the port cannot be had.
 */
export async function listening(
  server: Server,
  { port, unref }: { readonly port: number; readonly unref: boolean },
): Promise<Listening> {
  // The HTTP server forgets a connection that became a tunnel.
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (unref) socket.unref();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  if (unref) server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
