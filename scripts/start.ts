/**
 * One login on the sandbox, step by step: refreshed, revoked early, refreshed again, found dead.
 * Everything is invented and on loopback. `npm start -- --claude /path/to/claude` has a real Claude
 * Code carry out the refreshes; without it Pilotlight's own driver does.
 */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openLogin } from "../packages/pilotlight/src/index.ts";
import { startSandbox } from "../packages/pilotlight/src/sandbox/index.ts";
import { run } from "../packages/pilotlight/src/cli/run.ts";

const { values } = parseArgs({ options: { claude: { type: "string" } } });

const sandbox = await startSandbox();
const home = mkdtempSync(join(tmpdir(), "pilotlight-start-"));
const configDir = join(home, ".claude");
const credentials = join(configDir, ".credentials.json");
const env = {
  PATH: process.env["PATH"],
  HOME: home,
  ...sandbox.env(),
  ...(values.claude === undefined
    ? { PILOTLIGHT_DRIVER: "endpoint", PILOTLIGHT_ACCEPT_UNSUPPORTED: "true" }
    : { PILOTLIGHT_CLAUDE: values.claude }),
};

async function pilotlight(...args: string[]): Promise<void> {
  process.stdout.write(`\n  $ pilotlight ${args.join(" ")}\n`);
  const print = (text: string) => void process.stdout.write(text.replace(/^(?=.)/gm, "    "));
  const exit = await run(args, { env, isTty: false, out: print, err: print });
  process.stdout.write(
    `    (exit ${exit}; token endpoint asked ${sandbox.tokenPosts().length} times so far)\n`,
  );
}

function step(number: number, text: string): void {
  process.stdout.write(`\n${number}. ${text}\n`);
}

try {
  process.stdout.write(
    `Pilotlight on its sandbox (${sandbox.url}): invented tokens, no network.\n`,
  );
  step(1, "A person signed in a moment ago.");
  mkdirSync(configDir, { mode: 0o700 });
  writeFileSync(credentials, JSON.stringify(sandbox.signIn()), { mode: 0o600 });
  await pilotlight("status");

  step(2, "Nothing is due, so nothing is sent. A job that needs nine hours asks for more.");
  await pilotlight("refresh");
  await pilotlight("refresh", "--min-ttl", "9h");

  step(
    3,
    "The server revokes the access token early, whatever the file says; a job meets the 401 and reports it.",
  );
  sandbox.revokeAccess();
  const login = await openLogin({ env });
  const { accessToken } = await login.status();
  if (accessToken !== null) await login.reject(accessToken.fingerprint, "a job's 401");
  await pilotlight("status");
  await pilotlight("refresh");

  step(
    4,
    "The token endpoint is throttled: that says nothing about the login, and the file stays as it is.",
  );
  sandbox.fault({ name: "token-429", retryAfter: 30 });
  await pilotlight("refresh", "--min-ttl", "9h");
  sandbox.clearFaults();

  step(
    5,
    "Thirty days after sign-in the login ends. Only a person can renew it, and every command says so.",
  );
  sandbox.endLogin();
  await pilotlight("refresh", "--min-ttl", "9h");
  await pilotlight("status");
  const { refreshes, reuses } = sandbox.grants();
  process.stdout.write(`\nGrants: ${refreshes}. Spent refresh tokens sent: ${reuses}.\n`);
} finally {
  await sandbox.stop();
  rmSync(home, { recursive: true, force: true });
}
