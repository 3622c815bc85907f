import { expect, it } from "vitest";
import { isSafeTokenUrl } from "../../src/oauth/safe-token-url.ts";

it.each([
  ["https://platform.claude.com/v1/oauth/token", true],
  ["https://gateway.example:8443/token", true],
  ["http://127.0.0.1:8080/token", true],
  ["http://127.9.9.9/token", true],
  ["http://localhost/token", true],
  ["http://[::1]:1/token", true],
  ["http://platform.claude.com/v1/oauth/token", false],
  ["http://127.0.0.1.example.com/token", false],
  ["http://localhost.example.com/token", false],
  ["http://10.0.0.1/token", false],
  ["https://user:word@gateway.example/token", false],
  ["http://127.0.0.1@example.com/token", false],
  ["ftp://127.0.0.1/token", false],
  ["file:///etc/passwd", false],
  ["platform.claude.com", false],
  ["", false],
])("may a refresh token be sent to %j: %s", (url, is) => {
  expect(isSafeTokenUrl(url)).toBe(is);
});
