import { createHash, randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { CLAUDE_CODE } from "../client.ts";
import { type Answer, exchange, NoAnswer, objectIn } from "./exchange.ts";
import { storeLogin } from "./login-file.ts";
import { type Profile, profileOf } from "./profile.ts";
import type { Setting } from "./setting.ts";

/** One attempt to sign in: what the link says of it, and what proves that it was ours (RFC 7636). */
interface Attempt {
  readonly link: string;
  readonly state: string;
  readonly verifier: string;
}

const OPENING = "Opening browser to sign in…\nIf the browser didn't open, visit: ";
const HALF =
  "That doesn't look like the full code. Copy all of it, including the # in the middle.\n";
const REFUSED =
  "That code wasn't accepted. It may be incomplete, expired, already used, or from an earlier sign-in attempt. Sign in again to get a new code.";

/**
 * Runs `auth login` over pipes: shows a link, takes `CODE#STATE` from standard input, stores the login. Without a whole
 * code it waits for ever, also after the end of its input, and so does the older build whatever it is given (measured 2026-11).
 * No browser is opened. @returns 0 when signed in, else 1 @throws Error where a login is to be taken over from the environment
 */
export async function signIn(setting: Setting): Promise<number> {
  if (setting.env["CLAUDE_CODE_OAUTH_REFRESH_TOKEN"])
    throw new Error("the stand-in takes no login over from CLAUDE_CODE_OAUTH_REFRESH_TOKEN");
  const attempt = attemptOf(setting);
  process.stdout.write(`${OPENING}${attempt.link}\n`);
  if (!setting.build.takesCode) return forever();
  process.stdout.write("Paste code here if prompted > ");
  const pasted = await wholeCode();
  process.stdin.destroy();
  const problem = await redeem(setting, attempt, pasted);
  if (problem === null) process.stdout.write("Login successful.\n");
  else process.stderr.write(`Couldn't log in: ${problem}\n`);
  return problem === null ? 0 : 1;
}

function attemptOf({ build, env }: Setting): Attempt {
  const [verifier, state] = [randomBytes(32), randomBytes(32)].map((bytes) =>
    bytes.toString("base64url"),
  ) as [string, string];
  const query = new URLSearchParams({
    code: "true",
    client_id: clientIn(env),
    response_type: "code",
    redirect_uri: CLAUDE_CODE.redirectUri,
    scope: build.signInScope,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
  });
  return { link: `https://claude.com/cai/oauth/authorize?${query.toString()}`, state, verifier };
}

/** Asks until a line has both its parts. The state is not compared (measured on 2.1.329, 2026-11). */
async function wholeCode(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (/^\S+#\S+$/.test(line.trim())) return line.trim();
    process.stderr.write(HALF);
  }
  return forever();
}

/** @returns what went wrong, as the build says it; `null` when the login is stored */
async function redeem(
  setting: Setting,
  { state, verifier }: Attempt,
  pasted: string,
): Promise<string | null> {
  const answer = await ask(setting, { code: pasted.split("#")[0], state, code_verifier: verifier });
  if (answer instanceof NoAnswer) return answer.message;
  const body = objectIn(answer.text);
  if (answer.status === 400 && body?.["error"] === "invalid_grant") return REFUSED;
  if (answer.status !== 200 || body === null)
    return `Request failed with status code ${answer.status}`;
  const accessToken = String(body["access_token"]);
  const profile = await profileOf(setting, accessToken);
  storeLogin(setting, loginOf(body, accessToken, profile), profile?.oauthAccount ?? null);
  return null;
}

async function ask({ build, sandbox, env }: Setting, fields: object): Promise<Answer | NoAnswer> {
  try {
    return await exchange({
      url: new URL("/v1/oauth/token", sandbox),
      headers: { accept: "application/json, text/plain, */*", "user-agent": build.agents.token },
      body: {
        grant_type: "authorization_code",
        redirect_uri: CLAUDE_CODE.redirectUri,
        client_id: clientIn(env),
        ...fields,
      },
      timeout: build.tokenTimeout,
    });
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

function loginOf(
  body: Readonly<Record<string, unknown>>,
  accessToken: string,
  profile: Profile | null,
): object {
  const at = (key: string) => Date.now() + Number(body[key] ?? 0) * 1000;
  return {
    accessToken,
    refreshToken: body["refresh_token"],
    expiresAt: at("expires_in"),
    refreshTokenExpiresAt: at("refresh_token_expires_in"),
    scopes: String(body["scope"]).split(" "),
    ...profile?.plan,
  };
}

function clientIn(env: Setting["env"]): string {
  return env["CLAUDE_CODE_OAUTH_CLIENT_ID"] || CLAUDE_CODE.id;
}

/** Only a signal ends it. */
function forever(): Promise<never> {
  setInterval(() => undefined, 60_000);
  return new Promise(() => undefined);
}
