import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { errnoOf } from "../core/errors.ts";

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
};

/**
 * Answers what is no HTTP request, and closes. Answers that are still under way on that connection go first;
 * those that take longer than `patience` (ms) are cut off.
 */
export function answerUnparsed(server: Server, patience: number): void {
  const open = new WeakMap<Duplex, number>();
  const refused = new WeakMap<Duplex, () => void>();
  server.prependListener("request", ({ socket }, outgoing) => {
    open.set(socket, (open.get(socket) ?? 0) + 1);
    outgoing.once("close", () => {
      const left = (open.get(socket) ?? 1) - 1;
      open.set(socket, left);
      if (left === 0) refused.get(socket)?.();
    });
  });
  server.on("clientError", (error, socket) => {
    if (refused.has(socket)) return;
    const status = STATUS_LINES[errnoOf(error) ?? ""] ?? "400 Bad Request";
    const refuse = () => end(socket, status);
    refused.set(socket, refuse);
    if ((open.get(socket) ?? 0) === 0) refuse();
    else setTimeout(() => socket.destroy(), patience).unref();
  });
}

function end(socket: Duplex, status: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = `${status}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain",
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
    `Content-Length: ${body.length}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
