import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import type { CredentialsDocument, LoggedRequest, Sandbox } from "../../../src/sandbox/index.ts";
import type { IsolatedHome } from "../../support/isolated.ts";
import { printedFacts, type Run } from "./printed-facts.ts";

export type { Run } from "./printed-facts.ts";

/** Where a case was played, and how it stood before the first run. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly home: IsolatedHome;
  /** The credential file. */
  readonly file: string;
  readonly document: CredentialsDocument;
  /** Its text; `null` when there was none. */
  readonly before: string | null;
  readonly inode: number | null;
}

/** What a case left to see: everything two actors must agree on. Tokens are named by whose they are. */
export interface Observation {
  readonly runs: readonly unknown[];
  readonly tokenPosts: readonly string[];
  readonly messages: readonly string[];
  readonly file: unknown;
  readonly sessions: readonly unknown[];
  /** The lines about refreshes in the file of `--debug-file`. */
  readonly debug: readonly string[];
  /** How often the tool was carried out. */
  readonly executions: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Requests that are not compared: the profile and the settings, which the real builds fetch at every start and whose
 * failure changes no result, and what their HTTP client sends to the proxy before it is configured (no path).
 */
const IGNORED = [/^$/, /^\/api\/oauth\/profile$/, /^\/api\/claude_code\//];

export function factsOf(scene: Scene, runs: readonly Run[]): Observation {
  const { sandbox, home } = scene;
  const requests = sandbox.requests().filter(({ path }) => !IGNORED.some((one) => one.test(path)));
  const isToken = ({ path }: LoggedRequest) => path === "/v1/oauth/token";
  const ran = join(home.home, "ran.txt");
  return {
    runs: runs.map((run) => printedFacts(run, home.home)),
    tokenPosts: requests.filter(isToken).map((request) => requestFacts(request, scene)),
    messages: requests
      .filter((one) => !isToken(one))
      .map((request) => requestFacts(request, scene)),
    file: fileFacts(scene),
    sessions: sessionFacts(home),
    debug: debugFacts(join(home.home, "debug.txt")),
    executions: existsSync(ran) ? readFileSync(ran, "utf8").trim().split("\n").length : 0,
  };
}

function requestFacts(request: LoggedRequest, scene: Scene): string {
  const { method, path, status, state, credentialHeaders, fingerprints, grantType } = request;
  const bearer = whose(fingerprints.bearer, "accessToken", scene);
  const refresh = whose(fingerprints.refreshToken, "refreshToken", scene);
  const headers = credentialHeaders.join("+");
  return [method, path, status ?? state, grantType, headers, bearer, refresh]
    .filter(Boolean)
    .join(" ");
}

/** Names a token: the one before the first run, the one the server holds for current, or neither. */
function whose(
  fingerprint: string | null,
  kind: "accessToken" | "refreshToken",
  { document, sandbox }: Scene,
): string | null {
  if (fingerprint === null) return null;
  if (fingerprint === fingerprintOf(document.claudeAiOauth[kind])) return "old";
  return sandbox.logins().some((login) => login[kind] === fingerprint) ? "current" : "other";
}

function fileFacts(scene: Scene): unknown {
  const { file, before, inode } = scene;
  if (!existsSync(file)) return "none";
  const text = readFileSync(file, "utf8");
  const { ino, mode } = lstatSync(file);
  const place = { isSameInode: ino === inode, mode: (mode & 0o777).toString(8) };
  if (text === before) return { ...place, content: "as it was" };
  const document = JSON.parse(text) as Fields;
  const login = document["claudeAiOauth"] as Fields;
  const token = (kind: "accessToken" | "refreshToken") =>
    login[kind] === "" ? "empty" : whose(fingerprintOf(String(login[kind])), kind, scene);
  return {
    ...place,
    content: {
      keys: Object.keys(document).toSorted(),
      login: Object.keys(login).toSorted(),
      accessToken: token("accessToken"),
      refreshToken: token("refreshToken"),
      isAhead: Number(login["expiresAt"]) > Date.now(),
      loginEnded: login["loginEnded"],
    },
  };
}

/** What a session file says of the answers and failures in it. */
function sessionFacts({ home, configDir }: IsolatedHome): unknown[] {
  const projects = join(configDir, "projects");
  if (!existsSync(projects)) return [];
  return readdirSync(projects).flatMap((folder) =>
    readdirSync(join(projects, folder))
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => ({
        isInItsFolder: folder === home.replaceAll(/[^A-Za-z0-9]/g, "-"),
        entries: entriesIn(join(projects, folder, name)),
      })),
  );
}

function entriesIn(path: string): string[] {
  const entries = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Fields);
  return entries.flatMap((entry) => {
    const message = (entry["message"] ?? {}) as Fields;
    const { type, subtype } = entry;
    if (entry["isApiErrorMessage"] === true) {
      const facts = [entry["error"], entry["apiErrorStatus"], entry["apiErrorType"]];
      return `error ${facts.join(" ")} ${String(message["model"])}`;
    }
    if (type === "assistant" || type === "user") return `${type} ${blocksOf(message["content"])}`;
    const status = (entry["error"] as Fields | undefined)?.["status"];
    return subtype === "api_error" ? `system api_error ${String(status)}` : [];
  });
}

function blocksOf(content: unknown): string {
  if (!Array.isArray(content)) return "text";
  return (content as Fields[]).map(({ type }) => type).join("+");
}

function debugFacts(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines
    .filter((line) => line.includes("OAuth refresh failed"))
    .map((line) => line.replace(/^\S+ /, ""));
}
