import type { Alert } from "../../src/core/alerts/alert.ts";
import type { ChannelParts, ChannelSettings } from "../../src/notify/channel.ts";
import { Secret } from "../../src/core/secret.ts";

export const AT = Date.UTC(2026, 10, 21, 12);

export function alert(changes: Partial<Alert> = {}): Alert {
  return {
    kind: "login_ended",
    severity: "critical",
    topic: "problem",
    opens: true,
    closes: [],
    login: "bot",
    host: "host1",
    health: "down",
    code: "login_ended",
    after: null,
    title: "bot on host1: this login has ended",
    message: "The server rejected the refresh token. A person must sign in again",
    at: AT,
    since: AT - 60_000,
    by: "person",
    command: "pilotlight login --login bot",
    renewUrl: "https://keep.example/sign-in",
    loginEndsAt: AT + 86_400_000,
    step: null,
    isTest: false,
    ...changes,
  };
}

/** What somebody might want a chat to do. */
const MISCHIEF =
  "@everyone <!channel> <@U123> *bold* _it_ `code` ```\nfence``` [click](http://evil.example) <http://evil.example|here> &amp; \u0007\u001b[31m \u202Egnp.exe\r\n";

/** An alert whose every free text is long and up to no good. */
export function hostile(): Alert {
  const text = MISCHIEF.repeat(100).slice(0, 10_000);
  return alert({
    title: text,
    message: text,
    command: text,
    host: text,
    renewUrl: "https://keep.example/sign-in",
  });
}

/** Settings of one channel, as a configuration would give them. */
export function settings(
  values: Readonly<Record<string, string | number | readonly string[]>>,
): ChannelSettings {
  const text = (key: string) => {
    const value = values[key];
    return typeof value === "string" ? value : null;
  };
  return {
    allowHttp: false,
    text,
    secret: (key) => {
      const value = text(key);
      return value === null ? null : async () => new Secret(value);
    },
    number: (key) => (typeof values[key] === "number" ? values[key] : null),
    list: (key) => (Array.isArray(values[key]) ? values[key].map(String) : []),
    command: (key) => text(key) ?? "",
  };
}

export const parts: ChannelParts = {
  fetch: globalThis.fetch,
  env: { PATH: process.env["PATH"] },
  version: "1.2.3",
  now: () => AT,
};
