import { PilotlightError } from "../core/errors.ts";
import type { Auth, Backend, Plan } from "./ask.ts";

/** What decides how a question is put. */
export interface Circumstances {
  readonly auth: Auth;
  /** The backend that was asked for; `null`: whichever fits. */
  readonly backend: Backend | null;
  /** Where the API key or profile for direct calls was found; `null` where there is none. */
  readonly keyPlace: string | null;
  readonly mayUseOwn: boolean;
  /** What of the question only Claude Code has: tools, sessions; `null` for a plain one. */
  readonly need: string | null;
}

/** Chooses the permitted way to put a question. @throws PilotlightError `usage` or `wrong_credential` where there is none */
export function chooseBackend(around: Circumstances): Plan {
  const { auth, backend, keyPlace, need } = around;
  switch (backend) {
    case "api":
      return direct(around, "the API was asked for");
    case "agent-sdk":
      return bySdk(around);
    case "cli":
      return auth === "api-key"
        ? { backend: "cli", auth, reason: "Claude Code with an API key was asked for" }
        : bySubscription("Claude Code was asked for");
    case null:
  }
  if (auth === "subscription") return bySubscription("the subscription was asked for");
  if (need !== null) {
    if (auth === "auto")
      return bySubscription(`${need} is for Claude Code, and no key was asked for`);
    return { backend: "cli", auth, reason: `${need} is for Claude Code, with the API key` };
  }
  if (keyPlace !== null) return direct(around, `a direct call, and ${keyPlace} is set`);
  if (auth === "api-key") return direct(around, "");
  return bySubscription("no API key is set");
}

function bySubscription(why: string): Plan {
  return {
    backend: "cli",
    auth: "subscription",
    reason: `${why}: Claude Code with the stored login`,
  };
}

function direct({ keyPlace, need, auth }: Circumstances, reason: string): Plan {
  if (auth === "subscription") {
    const why = 'the API takes no subscription: leave backend out, or use auth: "api-key"';
    throw new PilotlightError("wrong_credential", why);
  }
  if (keyPlace === null) {
    const why = "there is no API key: set ANTHROPIC_API_KEY, or the option apiKey";
    throw new PilotlightError("no_api_key", why);
  }
  if (need !== null) {
    const why = `${need} is nothing for the API: leave backend out, or use "cli" or "agent-sdk"`;
    throw new PilotlightError("usage", why);
  }
  return { backend: "api", auth: "api-key", reason };
}

function bySdk({ auth, keyPlace, mayUseOwn }: Circumstances): Plan {
  if (auth !== "subscription") {
    if (keyPlace !== null) {
      return { backend: "agent-sdk", auth: "api-key", reason: `the Agent SDK, with ${keyPlace}` };
    }
    if (auth === "api-key" || !mayUseOwn) {
      const why =
        'the Agent SDK needs an API key: set ANTHROPIC_API_KEY; the subscription is for your own work alone, with auth: "subscription" and ownUse: true';
      throw new PilotlightError("no_api_key", why);
    }
  }
  if (!mayUseOwn) {
    const why =
      "through the Agent SDK the subscription is for the operator's own work: say so by ownUse: true (docs/policy.md), or use an API key";
    throw new PilotlightError("wrong_credential", why);
  }
  return {
    backend: "agent-sdk",
    auth: "subscription",
    reason: "the Agent SDK for the operator's own work",
  };
}
