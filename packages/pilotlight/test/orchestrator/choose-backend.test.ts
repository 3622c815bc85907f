import { describe, expect, it } from "vitest";
import { chooseBackend, type Circumstances } from "../../src/orchestrator/choose-backend.ts";

const PLAIN: Circumstances = {
  auth: "auto",
  backend: null,
  keyPlace: null,
  mayUseOwn: false,
  need: null,
};
const KEY = { keyPlace: "ANTHROPIC_API_KEY" };

describe("the way to put a question", () => {
  it.each<[string, Partial<Circumstances>, string, string, RegExp]>([
    ["auto with a key", KEY, "api", "api-key", /^a direct call, and ANTHROPIC_API_KEY is set$/],
    ["auto without one", {}, "cli", "subscription", /^no API key is set: Claude Code/],
    [
      "auto with tools",
      { ...KEY, need: "the use of tools" },
      "cli",
      "subscription",
      /^the use of tools is for Claude/,
    ],
    ["the subscription", { auth: "subscription" }, "cli", "subscription", /was asked for/],
    ["a key for tools", { ...KEY, auth: "api-key", need: "tools" }, "cli", "api-key", /API key$/],
    ["a key", { ...KEY, auth: "api-key" }, "api", "api-key", /^a direct call/],
    ["the API", { ...KEY, backend: "api" }, "api", "api-key", /^the API was asked for$/],
    ["the CLI", { ...KEY, backend: "cli" }, "cli", "subscription", /^Claude Code was asked for/],
    [
      "the CLI with a key",
      { ...KEY, backend: "cli", auth: "api-key" },
      "cli",
      "api-key",
      /^Claude Code with an API key/,
    ],
    ["the SDK with a key", { ...KEY, backend: "agent-sdk" }, "agent-sdk", "api-key", /_API_KEY$/],
    [
      "the SDK for oneself",
      { backend: "agent-sdk", mayUseOwn: true },
      "agent-sdk",
      "subscription",
      /own work$/,
    ],
    [
      "the SDK with the subscription beside a key",
      { ...KEY, backend: "agent-sdk", auth: "subscription", mayUseOwn: true },
      "agent-sdk",
      "subscription",
      /own work$/,
    ],
  ])("is, for %s", (_what, given, backend, auth, reason) => {
    const plan = chooseBackend({ ...PLAIN, ...given });
    expect([plan.backend, plan.auth]).toEqual([backend, auth]);
    expect(plan.reason).toMatch(reason);
  });

  it.each<[string, Partial<Circumstances>, string, RegExp]>([
    ["a key that is not there", { auth: "api-key" }, "no_api_key", /set ANTHROPIC_API_KEY/],
    ["the API without a key", { backend: "api" }, "no_api_key", /the option apiKey/],
    [
      "the subscription on the API",
      { ...KEY, backend: "api", auth: "subscription" },
      "wrong_credential",
      /takes no subscription/,
    ],
    [
      "sessions on the API",
      { ...KEY, backend: "api", need: "a session" },
      "usage",
      /a session is nothing for the API/,
    ],
    ["the SDK with nothing", { backend: "agent-sdk" }, "no_api_key", /ownUse: true/],
    [
      "the SDK with the subscription of others",
      { backend: "agent-sdk", auth: "subscription" },
      "wrong_credential",
      /ownUse: true \(docs\/policy\.md\)/,
    ],
  ])("is refused for %s", (_what, given, code, message) => {
    expect(() => chooseBackend({ ...PLAIN, ...given })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
