import { mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { CredentialsDocument } from "../../../src/sandbox/index.ts";
import { endLogin, noFile, type ParityCase, revoke, RUNS } from "./parity-case.ts";

const DEAD_TOKEN = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TESTdead" };
const GOOD_KEY = { ANTHROPIC_API_KEY: "sk-ant-api03-TESTgood" };
const BAD_KEY = { ANTHROPIC_API_KEY: "sk-ant-api-TESTbad" };

const change = (fields: object) => (document: CredentialsDocument) => ({
  ...document,
  claudeAiOauth: { ...document.claudeAiOauth, ...fields },
});
const blanked = change({ accessToken: "", refreshToken: "", expiresAt: 0 });
const accessOnly = change({ refreshToken: null });
const accessOnlyExpired = change({ refreshToken: null, expiresAt: 1 });
const withSiblings = (document: CredentialsDocument) => ({
  mcpOAuth: { other: 1 },
  ...change({ unknown: 1 })(document),
});

const garbage = () => '{"claudeAiOauth":{"accessTok';

/** Locks of a process that is gone, untouched for so many seconds. */
function leaveLocks(configDir: string, age: number): void {
  const then = Date.now() / 1000 - age;
  for (const path of [join(configDir, ".oauth_refresh.lock"), `${configDir}.lock`]) {
    mkdirSync(path);
    utimesSync(path, then, then);
  }
}

/** What the builds make of a credential while the server behaves. */
export const CREDENTIAL_CASES: readonly ParityCase[] = [
  { title: "a fresh token, as text", runs: [RUNS.text] },
  { title: "a fresh token, as JSON" },
  { title: "a fresh token, as a stream", runs: [RUNS.stream] },
  { title: "an expired token", life: 0 },
  { title: "an expired token in a file with unknown keys", life: 0, file: withSiblings },
  { title: "a token with six minutes left", life: 360 },
  { title: "a token with four minutes left", life: 240 },
  {
    title: "an expired token of a login at its end, as text",
    life: 0,
    meanwhile: endLogin,
    runs: [RUNS.text],
  },
  { title: "a token revoked early", meanwhile: revoke },
  { title: "a token revoked early, as a stream", meanwhile: revoke, runs: [RUNS.stream] },
  { title: "no credential", file: noFile },
  { title: "a blanked file", file: blanked },
  { title: "a file that is not JSON", file: garbage },
  { title: "a file without scopes", file: change({ scopes: undefined }) },
  { title: "a good API key that shadows a login", env: () => GOOD_KEY },
  { title: "a bad API key", file: noFile, env: () => BAD_KEY },
  {
    title: "a good token from the environment",
    file: noFile,
    env: ({ claudeAiOauth }) => ({ CLAUDE_CODE_OAUTH_TOKEN: claudeAiOauth.accessToken }),
  },
  { title: "a dead token from the environment that shadows a login", env: () => DEAD_TOKEN },
  {
    title: "a key and a dead token from the environment",
    env: () => ({ ...GOOD_KEY, ...DEAD_TOKEN }),
  },
  {
    title: "a key and an auth token at once",
    env: ({ claudeAiOauth }) => ({ ...GOOD_KEY, ANTHROPIC_AUTH_TOKEN: claudeAiOauth.accessToken }),
  },
  { title: "an access-only credential", file: accessOnly },
  { title: "an access-only credential whose date has passed", file: accessOnlyExpired },
  { title: "an access-only credential, revoked", file: accessOnly, meanwhile: revoke },
  { title: "a read-only directory", life: 0, readOnly: "directory" },
  {
    title: "a fresh token in a directory that keeps no session",
    readOnly: "directory",
    runs: [RUNS.text, RUNS.json, RUNS.stream],
  },
  { title: "a read-only mounted file", life: 0, readOnly: "file" },
  {
    title: "a read-only mounted file and a dead grant",
    life: 0,
    readOnly: "file",
    meanwhile: endLogin,
  },
  {
    title: "a lock that was left behind a minute ago",
    life: 0,
    prepare: ({ configDir }) => leaveLocks(configDir, 61),
  },
];
