import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { projectionIn } from "../../../src/claude/staging/projection.ts";
import type { Credential } from "../../../src/core/credential.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { loginDocument } from "../../cli/a-login.ts";

function login(fields: object = {}): Credential {
  const entry = credentialsFile.parse(JSON.stringify(loginDocument(fields)));
  if (entry.state !== "present") throw new Error("the login cannot be read");
  return entry.credential;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function shownIn(directory: string): Record<string, unknown> {
  const text = readFileSync(join(directory, ".credentials.json"), "utf8");
  return JSON.parse(text).claudeAiOauth;
}

it("shows a login with every field but the refresh token, to its owner only", async () => {
  const projection = projectionIn(join(folder(), "projections", "job"), durableFiles());
  const fields = { unknownField: [1], expiresAt: 1_900_000_000_000, refreshTokenExpiresAt: null };
  await projection.show(login(fields));
  const { refreshToken: _, ...rest } = loginDocument(fields).claudeAiOauth;
  expect(shownIn(projection.directory)).toEqual(rest);
  expect(statSync(projection.directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(projection.directory, ".credentials.json")).mode & 0o777).toBe(0o600);
});

it("replaces the generation before, and leaves nothing of it", async () => {
  const projection = projectionIn(join(folder(), "job"), durableFiles());
  await projection.show(login({ onlyHere: true }));
  await projection.show(login({ accessToken: "sk-ant-oat01-TEST-second" }));
  expect(shownIn(projection.directory)).toMatchObject({ accessToken: "sk-ant-oat01-TEST-second" });
  expect(shownIn(projection.directory)).not.toHaveProperty("onlyHere");
  expect(readdirSync(projection.directory)).toEqual([".credentials.json"]);
});

it("is removed with the lock beside it, twice if need be", async () => {
  const root = folder();
  const projection = projectionIn(join(root, "job"), durableFiles());
  await projection.show(login());
  mkdirSync(`${projection.directory}.lock`);
  await projection.remove();
  await projection.remove();
  expect(readdirSync(root)).toEqual([]);
});

it("says cannot_persist where its directory cannot be made", async () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  const projection = projectionIn(join(file, "job"), durableFiles());
  await expect(projection.show(login())).rejects.toMatchObject({ code: "cannot_persist" });
  expect(existsSync(projection.directory)).toBe(false);
});
