import { describe, expect, it } from "vitest";
import { scrub } from "../../src/core/scrub.ts";

describe("somebody else's words", () => {
  it.each([
    "401 Invalid bearer token, request req_011CTESTabcdefghijkl",
    "x-api-key header is required",
    '{"type":"authentication_error","message":"x-api-key header is required"}',
    "Failed to authenticate: Bearer token has expired",
    "Bearer authentication is required.",
    "an OAuth access token (sk-ant-oat…) where an API key (sk-ant-api03) belongs",
    "invalid x-api-key · Please run /login",
    '{"message":"invalid x-api-key"},"request_id":"req_011CTEST"',
  ])("are shown as they are: %s", (text) => {
    expect(scrub(text)).toBe(text);
  });

  it.each([
    ["Bearer TEST-secret", "Bearer [secret]"],
    ["bearer hunter2hunter2", "bearer [secret]"],
    ["x-api-key TESTSECRET", "x-api-key [secret]"],
    ["x-api-key: lowercase", "x-api-key: [secret]"],
    ["Authorization: Bearer short1", "Authorization: Bearer [secret]"],
    ['"x-api-key":"lowercase"', '"x-api-key":"[secret]"'],
    ["Bearer 'lowercase' was sent", "Bearer '[secret]' was sent"],
    ["Invalid bearer token: Bearer TEST-secret", "Invalid bearer token: Bearer [secret]"],
    ['append: "Bearer TEST-bad\ntoken" is', 'append: "Bearer [secret]" is'],
    ["has invalid value: 'Bearer bad\ntoken'", "has invalid value: 'Bearer [secret]'"],
    ["sk-ant-oat01-TEST-abc", "[secret]"],
    ["sk-ant-api03-", "[secret]"],
    ["sk-ant-other", "[secret]"],
    ["eyJTESTTESTTEST.TEST", "[secret]"],
    [`key ${"x".repeat(44)}`, "key [secret]"],
  ])("lose what looks like a token: %s", (text, left) => {
    expect(scrub(text)).toBe(left);
  });

  it.each(["Bearer", "x-api-key", "x-api-key:", '"Bearer'])(
    "of any length take no longer than their length: %s",
    (start) => {
      // What looks back over the spaces at each of them would not end before the test does.
      const text = `${start}${" ".repeat(200_000)}${"\n".repeat(200_000)}`;
      expect(scrub(`${text}end`)).toBe(`${text}end`);
    },
  );
});
