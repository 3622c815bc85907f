import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSettings, SETTINGS } from "../src/settings.ts";

const README = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");

describe("readSettings", () => {
  it("asks by an API key and serves on loopback unless told otherwise", () => {
    expect(readSettings({ CONTEXT_MODEL: "" })).toMatchObject({
      auth: "api-key",
      host: "127.0.0.1",
      port: 8080,
      token: null,
      model: null,
      room: { hot: 50 },
    });
  });

  it("takes what is set", () => {
    const env = {
      CONTEXT_AUTH: "subscription",
      CONTEXT_HOSTS: "context, ctx",
      CONTEXT_HOT_MESSAGES: "20",
    };
    expect(readSettings(env)).toMatchObject({
      auth: "subscription",
      hosts: ["context", "ctx"],
      room: { hot: 20 },
    });
  });

  it.each([
    [{ CONTEXT_AUTH: "both" }, /^CONTEXT_AUTH: /],
    [{ CONTEXT_PORT: "http" }, /^CONTEXT_PORT: /],
    [{ CONTEXT_PROT: "80" }, /^CONTEXT_PROT is no setting/],
    [{ CONTEXT_HOST: "0.0.0.0" }, /CONTEXT_TOKEN must be set/],
    [{ CONTEXT_TOKEN: "short" }, /^CONTEXT_TOKEN: /],
  ])("refuses %j", (env, why) => {
    expect(() => readSettings(env)).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.stringMatching(why) }),
    );
  });

  it("listens for others where a token is asked for", () => {
    const env = { CONTEXT_HOST: "0.0.0.0", CONTEXT_TOKEN: "a-token-of-the-test" };
    expect(readSettings(env)).toMatchObject({ host: "0.0.0.0", token: "a-token-of-the-test" });
  });

  it("is told whole in the README", () => {
    const told: string[] = [...README.matchAll(/^\| `(CONTEXT_\w+)`/gm)].map(
      ([, name = ""]) => name,
    );
    expect([...new Set(told)].toSorted()).toEqual(Object.keys(SETTINGS.shape).toSorted());
  });
});
