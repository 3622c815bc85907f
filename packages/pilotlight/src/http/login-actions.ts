import type { Hono } from "hono";
import { PilotlightError } from "../core/errors.ts";
import { isObject } from "../core/json-object.ts";
import { refreshAnswer } from "./answers/refresh.ts";
import { renewAnswer } from "./answers/renew.ts";
import type { IsAuthorised } from "./bearer.ts";
import { unauthorised } from "./guard.ts";
import type { KeepView } from "./keep-view.ts";
import { limitedBody } from "./limited-body.ts";
import type { Renewals } from "./renew/renewals.ts";
import { refuse } from "./route.ts";

/** ms that an answer waits for the link or the proof of a renewal; it can be asked for again. */
const WAIT = 20_000;

interface Door {
  readonly view: KeepView;
  readonly isAuthorised: IsAuthorised;
}

/** What changes a login, for whoever has the bearer token: a refresh, and the renewal that a person takes part in. */
export function addLoginActions(app: Hono, door: Door, renewals: Renewals | null): void {
  action(app, "/api/v1/logins/:name/refresh", door, {
    post: (name, body) => {
      const { force = false } = membersOf(body, { force: "boolean" });
      return refreshAnswer(door.view, name, { force: force === true });
    },
  });
  if (renewals === null) return;
  action(app, "/api/v1/logins/:name/renew", door, {
    get: (name) => renewAnswer(name, renewals.of(name).state()),
    async post(name, body) {
      const { code } = membersOf(body, { code: "string" });
      const renewal = renewals.of(name);
      if (typeof code !== "string") renewal.begin();
      else if (renewal.state()?.kind === "waiting") renewal.give(code);
      else throw new PilotlightError("usage", "no code is waited for");
      await renewal.settled(WAIT);
      return renewAnswer(name, renewal.state());
    },
  });
}

interface Answers {
  readonly get?: (name: string) => Response;
  readonly post: (name: string, body: string) => Promise<Response>;
}

function action(app: Hono, path: string, { view, isAuthorised }: Door, answers: Answers): void {
  const { get, post } = answers;
  app.on(get === undefined ? ["POST"] : ["GET", "POST"], path, async (context) => {
    const request = context.req.raw;
    if (!isAuthorised(request)) return unauthorised();
    const name = context.req.param("name") ?? "";
    if (!view.logins().some((login) => login.name === name)) return refuse("login_unknown");
    if (get !== undefined && request.method !== "POST") return get(name);
    const body = await limitedBody(request);
    // What is left of it would be taken for the next request.
    if ("refused" in body) return refuse(body.refused, { connection: "close" });
    return post(name, body.text);
  });
  const allow = get === undefined ? "POST" : "GET, HEAD, POST";
  app.all(path, () => refuse("method_not_allowed", { allow }));
}

/** The members of a body, which may be empty. @throws PilotlightError `usage` for any other member or type */
function membersOf<Name extends string>(
  body: string,
  types: Readonly<Record<Name, "boolean" | "string">>,
): Partial<Record<Name, unknown>> {
  if (body.trim() === "") return {};
  const value = parseJson(body);
  const isWhole =
    isObject(value) &&
    Object.entries(value).every(([key, member]) => types[key as Name] === typeof member);
  if (isWhole) return value as Partial<Record<Name, unknown>>;
  const [[name, type] = ["", ""]] = Object.entries(types);
  const example = type === "boolean" ? "true" : '"…"';
  throw new PilotlightError("usage", `the body is no {"${name}": ${example}}`);
}

function parseJson(textOfBody: string): unknown {
  try {
    return JSON.parse(textOfBody);
  } catch {
    return null;
  }
}
