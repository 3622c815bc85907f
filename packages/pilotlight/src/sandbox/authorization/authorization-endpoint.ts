import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type AccountName, isAccountName } from "../accounts.ts";
import { CLAUDE_CODE } from "../client.ts";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import { type Markup, pageHeaders } from "./page.ts";
import { type AuthorizationError, readRequest, type ServedRequest } from "./read-request.ts";
import { accountsView, codeView, consentView, problemView } from "./views.ts";

/** The paths of the links that builds print: for a subscription, for a Console account and older ones. */
const LINKS = ["/cai/oauth/authorize", "/oauth/authorize"];
const CALLBACK = new URL(CLAUDE_CODE.redirectUri).pathname;

export function isAuthorizationPath(path: string): boolean {
  return LINKS.includes(path) || path === CALLBACK;
}

/**
 * The pages a person sees between a link and its code: `GET <link>` lets them choose an account, `GET <link>&account=…`
 * asks for their consent, `POST <link>` with `account` and `decision` takes it, and the redirect shows the code. Whoever
 * accepts JSON gets the last page as `{code}`, and an error as `{error, error_description}`.
 */
export function authorizationEndpoint(codes: AuthorizationCodes): {
  fetch(request: Request): Promise<Response>;
} {
  const app = new Hono();

  app.get(CALLBACK, (context) => showCode(context, codes));
  for (const path of LINKS) {
    app.get(path, (context) =>
      opened(context, codes, (request) => {
        const link = new URL(context.req.url);
        const account = accountIn(link.searchParams);
        if (account === null) return show(context, 200, accountsView(link));
        const targets = [new URL(request.redirectUri).origin];
        return show(context, 200, consentView(link, account, request.scopes), targets);
      }),
    );
    app.post(path, async (context) => {
      const form = new URLSearchParams(await context.req.text());
      return opened(context, codes, (request) => decided(context, codes, request, form));
    });
  }
  app.notFound((context) => wrong(context, 405, "Not that way", "Use GET or POST.", "method"));
  return { fetch: async (request) => app.fetch(request) };
}

/** Answers for a link that is in order, and says what is wrong with any other. */
function opened(
  context: Context,
  codes: AuthorizationCodes,
  serve: (request: ServedRequest) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { origin, searchParams } = new URL(context.req.url);
  // Only our own form may decide here; a program has no origin.
  if ((context.req.header("origin") ?? origin) !== origin)
    return wrong(context, 403, "Not from here", "Another page sent this form.", "foreign_form");
  const read = readRequest(searchParams);
  switch (read.kind) {
    case "untrusted":
      return wrong(context, 400, "This link cannot be used", read.why, "invalid_request");
    case "wrong":
      return goBack(context, read.redirectUri, { ...errorFields(read.problem), state: read.state });
    case "request":
      if (codes.hasOpened(read.request)) return usedLink(context);
      return serve(read.request);
  }
}

function usedLink(context: Context): Response | Promise<Response> {
  const why = "Somebody has signed in with this link already. A new sign-in shows a new one.";
  return wrong(context, 410, "This link has been used", why, "link_used");
}

function decided(
  context: Context,
  codes: AuthorizationCodes,
  request: ServedRequest,
  form: URLSearchParams,
): Response | Promise<Response> {
  const { redirectUri, state } = request;
  const account = accountIn(form) ?? accountIn(new URL(context.req.url).searchParams);
  const decision = form.get("decision");
  if (decision === "cancel") {
    const problem = { error: "access_denied", description: "The consent was refused" } as const;
    return goBack(context, redirectUri, { ...errorFields(problem), state });
  }
  if (decision !== "agree" || account === null) {
    const why = "An account and a decision (agree or cancel) are needed.";
    return wrong(context, 400, "Something was not chosen", why, "invalid_request");
  }
  return goBack(context, redirectUri, { code: codes.issue(request, account), state });
}

/** On the direct face the page that shows the code is our own, too. */
function goBack(
  context: Context,
  redirectUri: string,
  fields: Readonly<Record<string, string | null>>,
): Response {
  const to = new URL(redirectUri);
  for (const [name, value] of Object.entries(fields))
    if (value !== null) to.searchParams.set(name, value);
  const isDirect = new URL(context.req.url).protocol === "http:";
  const isOurs = redirectUri === CLAUDE_CODE.redirectUri;
  return context.redirect(isDirect && isOurs ? to.pathname + to.search : to.href, 303);
}

function showCode(context: Context, codes: AuthorizationCodes): Response | Promise<Response> {
  const { code, state = "", error, error_description: why } = context.req.query();
  if (error !== undefined) {
    const title = error === "access_denied" ? "Nobody was signed in" : "This link cannot be used";
    return wrong(context, 400, title, sentence(why ?? "The link is not in order"), error);
  }
  if (code === undefined)
    return wrong(context, 400, "There is no code", "The address holds none.", "invalid_request");
  const known = codes.stateOf(code);
  if (known !== "live") {
    const title = `This code is ${known === "unknown" ? "not known" : known}`;
    return wrong(context, 410, title, CODE_PROBLEMS[known], `code_${known}`);
  }
  const whole = `${code}#${state}`;
  return acceptsJson(context) ? context.json({ code: whole }) : show(context, 200, codeView(whole));
}

const CODE_PROBLEMS = {
  expired: "A code is good for some minutes only.",
  used: "A code is good for one attempt only, and this one was tried.",
  unknown: "It was never given out here.",
} as const;

function wrong(
  context: Context,
  status: ContentfulStatusCode,
  title: string,
  why: string,
  error: string,
): Response | Promise<Response> {
  if (acceptsJson(context)) return context.json({ error, error_description: why }, status);
  return show(context, status, problemView(title, why, error));
}

function show(
  context: Context,
  status: ContentfulStatusCode,
  content: Markup,
  formTargets?: readonly string[],
): Response | Promise<Response> {
  return context.html(content, status, pageHeaders(formTargets));
}

function acceptsJson(context: Context): boolean {
  return context.req.header("accept")?.includes("application/json") ?? false;
}

function accountIn(fields: URLSearchParams): AccountName | null {
  const name = fields.get("account");
  return name !== null && isAccountName(name) ? name : null;
}

function errorFields({ error, description }: AuthorizationError) {
  return { error, error_description: description };
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
