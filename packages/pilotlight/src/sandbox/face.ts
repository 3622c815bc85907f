import type { IncomingMessage, RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { DroppedConnection } from "./dropped-connection.ts";

/** Serves a fetch-shaped handler over node's HTTP server; a `DroppedConnection` becomes one. */
export function face(
  handler: (request: Request, incoming: IncomingMessage) => Promise<Response>,
): RequestListener {
  const listener = getRequestListener(
    async (request, { incoming }) => {
      try {
        return await handler(request, incoming as IncomingMessage);
      } catch (error) {
        // An aborted sleep means that the sandbox is stopping: there is nobody left to answer.
        if (!(error instanceof DroppedConnection) && !isAbort(error)) throw error;
        incoming.socket.destroy();
        return RESPONSE_ALREADY_SENT;
      }
    },
    { overrideGlobalObjects: false },
  );
  // The listener answers its own failures with a 500, so there is nothing to wait for.
  return (incoming, outgoing) => void listener(incoming, outgoing);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
