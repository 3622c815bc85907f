import type { Context, Hono } from "hono";
import { problemResponse, type RefusalCode, refusalOf } from "./problem.ts";

/** Answers GET and HEAD on a path, and refuses every other method there. */
export function get<Path extends string>(
  app: Hono,
  path: Path,
  answer: (request: Request, context: Context<object, Path>) => Response | Promise<Response>,
): void {
  app.get(path, async (context) => answer(context.req.raw, context as Context<object, Path>));
  app.all(path, () => refuse("method_not_allowed", { allow: "GET, HEAD" }));
}

export function refuse(code: RefusalCode, headers?: Readonly<Record<string, string>>): Response {
  return problemResponse(refusalOf(code), headers);
}

export function text(body: string): Response {
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
