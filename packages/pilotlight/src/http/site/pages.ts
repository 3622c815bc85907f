import type { Hono } from "hono";
import { frontPage } from "../answers/front-page.ts";
import { healthReport } from "../answers/health.ts";
import { helpAnswer } from "../answers/help.ts";
import type { KeepView } from "../keep-view.ts";
import { get, refuse, text } from "../route.ts";
import { pageAssets } from "./page-assets.ts";
import { shell } from "./shell.ts";

/** What the page may do: its own script, style and answers, and nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** An incident: its login and the epoch ms of its first event. */
const INCIDENT = /^[a-z0-9][a-z0-9_-]{0,63}-\d{1,15}$/i;

/** The status page, a page per login and per incident, and what they are made of. */
export function addPages(app: Hono, view: KeepView): void {
  get(app, "/", async (request) => {
    const vary = { vary: "accept" };
    if (wantsPage(request)) return page(200, vary);
    const answer = text(frontPage(healthReport(view)));
    answer.headers.set("vary", vary.vary);
    return answer;
  });
  get(app, "/logins/:name", (_, context) => {
    const name = context.req.param("name");
    return page(view.logins().some((login) => login.name === name) ? 200 : 404);
  });
  get(app, "/incidents/:id", (_, context) =>
    page(INCIDENT.test(context.req.param("id") ?? "") ? 200 : 404),
  );
  get(app, "/assets/:file", async (_, context) => {
    const asset = (await pageAssets()).files.get(context.req.param("file") ?? "");
    if (asset === undefined) return refuse("not_found");
    const headers = {
      "content-type": asset.type,
      // The name changes with what is in it.
      "cache-control": "private, max-age=31536000, immutable",
    };
    return new Response(asset.body, { headers });
  });
  get(app, "/api/v1/help/:code", (_, context) => helpAnswer(context.req.param("code") ?? ""));
}

/** Browsers name text/html; curl and scripts take anything, and get what can be read in a terminal. */
function wantsPage({ headers }: Request): boolean {
  return /\btext\/html\b/i.test(headers.get("accept") ?? "");
}

async function page(status: 200 | 404, more: Readonly<Record<string, string>> = {}) {
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY };
  return new Response(shell(await pageAssets()), { status, headers: { ...headers, ...more } });
}
