import type { Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Secret } from "../../core/secret.ts";
import { printDuration } from "../../core/duration.ts";
import { isLoopback } from "../allowed-host.ts";
import type { KeepView } from "../keep-view.ts";
import { limitedBody } from "../limited-body.ts";
import { get, refuse } from "../route.ts";
import { RENEW_SCRIPT, RENEW_STYLE } from "./renew-assets.ts";
import { noticePage, passphrasePage, type RenewPlaces, statePage } from "./renew-page.ts";
import type { Renewals } from "./renewals.ts";
import { SESSION, sessions } from "./sessions.ts";

/** What the renew page of a keeper needs. */
export interface RenewPageParts {
  readonly passphrase: Secret;
  /** Whether that is the living link of a login. */
  readonly isCurrent: (login: string, id: string) => Promise<boolean>;
  /** Makes what nobody can guess. */
  readonly newId: () => string;
  /** Monotonic ms. */
  readonly monotonic: () => number;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

const COOKIE = "pilotlight-renew";

/** ms that an answer waits for a start or a proof; the page looks again after that. */
const WAIT = 20_000;

const PATH = "/renew/:login/:id";

type Html = ReturnType<typeof noticePage>;

/** Whether a path is one of the renew page's, which asks for its own passphrase. */
export function isRenewPath(path: string): boolean {
  return path.startsWith("/renew/") || path === "/renew.css" || path === "/renew.js";
}

/**
 * The page that an alert links to: a passphrase, the link of a sign-in, a field for its code, and what came of it. A link
 * lives until it is used or superseded; the passphrase opens the renewal of its login for a quarter of an hour.
 */
export function addRenewPage(
  app: Hono,
  view: KeepView,
  renewals: Renewals,
  parts: RenewPageParts,
): void {
  const open = sessions({ ...parts, now: parts.monotonic });

  const visitOf = (context: Context) => {
    const login = context.req.param("login") ?? "";
    const id = context.req.param("id") ?? "";
    const isKnown = view.logins().some(({ name }) => name === login);
    const isOpen = isKnown && open.isOpen(login, getCookie(context, COOKIE));
    const page = `/renew/${encodeURIComponent(login)}/${encodeURIComponent(id)}`;
    const places = { login, page, code: `${page}/code`, again: `${page}/again` };
    return { login, isOpen, places, isCurrent: async () => isKnown && parts.isCurrent(login, id) };
  };

  const showState = (places: RenewPlaces) =>
    answer(statePage(places, renewals.of(places.login).state()));

  /** Where a form's answer leads: to the page itself, so that nothing is sent twice by a reload. */
  const goOn = async ({ login, page }: RenewPlaces, context: Context) => {
    await renewals.of(login).settled(WAIT);
    return context.redirect(page, 303);
  };

  const step = (path: string, act: (login: string, form: URLSearchParams) => void) => {
    app.post(path, async (context) => {
      if (!isSafeWay(context.req.raw)) return refused();
      const { isOpen, places } = visitOf(context);
      const form = await formOf(context.req.raw);
      if (form instanceof Response) return form;
      // The page asks for the passphrase once more.
      if (!isOpen) return context.redirect(places.page, 303);
      act(places.login, form);
      return goOn(places, context);
    });
    app.all(path, () => refuse("method_not_allowed", { allow: "POST" }));
  };
  step(`${PATH}/code`, (login, form) => renewals.of(login).give(form.get("code") ?? ""));
  step(`${PATH}/again`, (login) => renewals.of(login).begin());

  app.get(PATH, async (context) => {
    if (!isSafeWay(context.req.raw)) return refused();
    const { login, isOpen, places, isCurrent } = visitOf(context);
    if (isOpen) return showState(places);
    if (!(await isCurrent())) return answer(GONE, 410);
    return answer(passphrasePage(places, endOf(view, login), null));
  });
  app.post(PATH, async (context) => {
    if (!isSafeWay(context.req.raw)) return refused();
    const { login, places, isCurrent } = visitOf(context);
    const form = await formOf(context.req.raw);
    if (form instanceof Response) return form;
    // Whoever has no living link can neither try passphrases nor lock others out.
    if (!(await isCurrent())) return answer(GONE, 410);
    const admission = open.admit(login, form.get("passphrase") ?? "");
    if (admission.kind === "locked") {
      const words = `Too many wrong passphrases. Try again in ${printDuration(admission.ms)}`;
      const headers = { "retry-after": String(Math.ceil(admission.ms / 1000)) };
      return answer(passphrasePage(places, endOf(view, login), words), 429, headers);
    }
    if (admission.kind === "wrong") {
      const words = "That is not the passphrase of this keeper";
      return answer(passphrasePage(places, endOf(view, login), words), 403);
    }
    setCookie(context, COOKIE, admission.id, {
      path: `/renew/${encodeURIComponent(login)}/`,
      httpOnly: true,
      sameSite: "Strict",
      secure: isEncrypted(context.req.raw),
      maxAge: SESSION / 1000,
    });
    renewals.of(login).begin();
    return goOn(places, context);
  });
  app.all(PATH, () => refuse("method_not_allowed", { allow: "GET, HEAD, POST" }));
  asset(app, "/renew.css", "text/css; charset=utf-8", RENEW_STYLE);
  asset(app, "/renew.js", "text/javascript; charset=utf-8", RENEW_SCRIPT);
}

const GONE = noticePage(
  "This link is over",
  "It has been used, or somebody has signed in since, or it never was one. There is nothing to do here; the next alert has a link of its own.",
);

function asset(app: Hono, path: string, type: string, body: string): void {
  get(app, path, () => new Response(body, { headers: { "content-type": type } }));
}

async function answer(
  page: Html,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    // Without any referrer a browser would send its forms as from nowhere; the link stays on this server all the same.
    "referrer-policy": "same-origin",
  };
  return new Response(String(await page), { status, headers: { ...headers, ...more } });
}

async function formOf(request: Request): Promise<URLSearchParams | Response> {
  const body = await limitedBody(request);
  return "refused" in body
    ? refuse(body.refused, { connection: "close" })
    : new URLSearchParams(body.text);
}

/** A passphrase and a code go over the wire: on this machine, through a tunnel, or behind a proxy that speaks TLS. */
function isSafeWay(request: Request): boolean {
  return isLoopback(new URL(request.url).hostname) || isEncrypted(request);
}

function isEncrypted({ headers }: Request): boolean {
  return headers.get("x-forwarded-proto")?.toLowerCase() === "https";
}

function refused(): Promise<Response> {
  const words =
    "A passphrase and a code would go over the wire as they are. Open this through an SSH tunnel, or through a proxy that speaks TLS and says so (X-Forwarded-Proto: https).";
  return answer(noticePage("Not over plain HTTP", words), 403);
}

/** When the login ends, for a sentence about it. */
function endOf(view: KeepView, login: string): string | null {
  const one = view.status().logins.find(({ name }) => name === login);
  if (one === undefined || one.loginEndsAt === null) return null;
  const left = Date.parse(one.loginEndsAt) - view.now();
  const day = one.loginEndsAt.slice(0, 10);
  return left < 0 ? `ended on ${day}` : `ends in ${printDuration(left)}, on ${day}`;
}
