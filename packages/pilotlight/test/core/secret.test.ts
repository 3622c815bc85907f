import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { credential } from "./credential-fixture.ts";

const TEXT = "sk-ant-ort01-TEST-never-print-me";
const secret = new Secret(TEXT);
const nested = { list: [{ deep: { deeper: { secret } } }], map: new Map([["key", secret]]) };

describe("a secret", () => {
  it.each<[string, string]>([
    ["String()", String(secret)],
    // oxlint-disable-next-line typescript/restrict-template-expressions -- the mistake to be harmless
    ["a template", `${secret}`],
    ["concatenation", "" + secret],
    ["JSON", JSON.stringify({ secret })],
    ["JSON of what holds it", JSON.stringify(nested.list)],
    ["inspection", inspect(secret)],
    ["deep inspection", inspect(nested, { depth: null })],
    ["inspection with hidden fields", inspect(nested, { depth: null, showHidden: true })],
    ["inspection with getters", inspect(secret, { getters: true })],
    ["%s of the console", format("%s", secret)],
    ["%o of the console", format("%o", nested)],
    ["%O of the console", format("%O", nested)],
    ["%j of the console", format("%j", nested.list)],
    ["the console without a format", format("token:", secret)],
    ["an error's inspection", inspect(Object.assign(new Error("TEST"), { secret }))],
    ["an error's cause", inspect(new Error("TEST", { cause: { secret } }))],
  ])("shows [secret] in %s", (_name, printed) => {
    expect(printed).not.toContain("never-print-me");
    expect(printed).toContain("[secret]");
  });

  it.each<[string, string]>([
    ["inspection without custom printing", inspect(nested, { customInspect: false, depth: null })],
    ["its keys and entries", JSON.stringify([Object.keys(secret), Object.entries(secret)])],
    ["a copy", JSON.stringify(Object.assign({}, secret))],
    ["a structured clone", inspect(structuredClone(secret))],
    ["a number", format("%d", secret)],
  ])("shows nothing in %s", (_name, printed) => {
    expect(printed).not.toContain("never-print-me");
  });

  it("hides a whole credential's tokens and fields", () => {
    const whole = credential({ fields: new Secret({ accessToken: TEXT }) });
    for (const printed of [inspect(whole, { depth: null }), JSON.stringify(whole)])
      expect(printed).not.toContain("TEST");
  });

  it("gives its value when asked", () => {
    expect(secret.reveal()).toBe(TEXT);
    expect(new Secret({ a: 1 }).reveal()).toEqual({ a: 1 });
  });
});
