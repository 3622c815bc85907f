import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { expect, it } from "vitest";
import { fingerprintOf, tokenOf } from "../../src/claude/fingerprint.ts";

it("is the first 8 hex digits of the token's SHA-256", () => {
  const token = "sk-ant-oat01-TEST-one";
  const digest = createHash("sha256").update(token).digest("hex");
  expect(fingerprintOf(token)).toBe(`sha256:${digest.slice(0, 8)}`);
  expect(fingerprintOf("sk-ant-oat01-TEST-two")).not.toBe(fingerprintOf(token));
});

it("is all that a token shows, however it is printed", () => {
  const token = tokenOf("sk-ant-oat01-TEST-one");
  const shown = `${inspect(token)} ${JSON.stringify(token)} ${String(token.secret)}`;
  expect(shown).not.toContain("TEST-one");
  expect(shown).toContain(token.fingerprint);
  expect(token.secret.reveal()).toBe("sk-ant-oat01-TEST-one");
});
