import type { MiddlewareHandler } from "hono";
import { Trouble } from "../core/trouble.ts";

/**
 * Lets so many requests of `/api` in at once, so that neither their bodies nor those who wait for one context fill the
 * memory. Streams are counted by the progress board, and health is never turned away.
 */
export function crowd(most: number): MiddlewareHandler {
  let inside = 0;
  return async ({ req }, next) => {
    if (!req.path.startsWith("/api/") || req.path.endsWith("/progress")) return next();
    if (inside >= most) throw CROWDED;
    inside += 1;
    try {
      await next();
    } finally {
      inside -= 1;
    }
  };
}

const CROWDED = new Trouble({
  code: "crowded",
  status: 503,
  title: "as many requests are being served as there is room for",
  detail: "nothing of this one was read",
  retryable: true,
  retryAfter: 1,
});
