import { gatewayIn } from "../../../claude/precedence/gateway-in.ts";
import { printDuration } from "../../../core/duration.ts";
import type { ErrorCode } from "../../../core/errors.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, ok, skipped, warning } from "../finding.ts";
import { hostOf, placeIn } from "../variables.ts";
import type { LoginWorld } from "../world.ts";
import type { HelloAnswer } from "./ask-by-hello.ts";

interface HelloFacts {
  readonly answer: HelloAnswer | Unasked;
  /** The credential, for people; never its value. */
  readonly what: string;
  readonly source: LoginWorld["effective"]["source"];
  readonly canRefresh: boolean;
}

interface Unasked {
  readonly kind: "unasked";
  readonly reason: string;
  /** True where a refresh would change that. */
  readonly isEnded: boolean;
}

/** Whether the server accepts what jobs would use; one short request for each login, and nothing is spent. */
export const helloCheck = loginCheck({
  id: "credential-accepted",
  title: "the server accepts the credential that jobs use",
  fm: ["FM-02", "FM-05", "FM-45", "FM-53", "FM-56", "FM-59", "FM-60"],
  isInTurn: true,
  gather: async (login: LoginWorld): Promise<HelloFacts> => {
    const { effective, status } = login;
    const facts = {
      what: inWords(login),
      source: effective.source,
      canRefresh: status.refreshable,
    };
    const unasked = unaskedIn(login);
    if (unasked !== null) return { ...facts, answer: unasked };
    const { askByHello } = await import("./ask-by-hello.ts");
    return { ...facts, answer: await askByHello(login) };
  },
  judge: judgeHello,
});

/** Where hello could only fail, would tell something else than a job does, or could spend something. */
function unaskedIn(login: LoginWorld): Unasked | null {
  const { effective, settings, machine } = login;
  const { source, billing } = effective;
  switch (source) {
    case "none":
      return because("there is no credential to ask with");
    case "claude-keychain":
      return because("the login is in the macOS Keychain, from which no copy is made");
    case "cloud:bedrock":
    case "cloud:vertex":
    case "cloud:foundry":
      return because(`jobs go to ${source}, with credentials that are not Claude Code's own`);
    case "profile":
      return because("a profile may be renewed by its use, and doctor spends nothing");
    case "claude-file":
      return billing === "subscription"
        ? unshownIn(login)
        : because("the key of a sign-in to the Console is not copied out of .claude.json");
    case "ANTHROPIC_API_KEY":
    case "CLAUDE_CODE_OAUTH_TOKEN":
      return { ...machine.env, ...settings.env }[source]
        ? null
        : because("it comes through a file descriptor, which only the job has");
    case "ANTHROPIC_AUTH_TOKEN":
    case "apiKeyHelper":
      return null;
  }
}

/** The same for a stored login. */
function unshownIn({ entry, settings, machine }: LoginWorld): Unasked | null {
  if (entry.state !== "present") return because(`the store is ${entry.state}; see store-readable`);
  const gateway = gatewayIn({ ...machine.env, ...settings.env });
  if (gateway !== null) {
    return because(`jobs go to ${hostOf(gateway)}, to which doctor shows no login`);
  }
  const { accessToken, expiresAt } = entry.credential;
  if (accessToken === null) return because("the store holds no access token", true);
  if (expiresAt === null || expiresAt > machine.now) return null;
  const ago = printDuration(machine.now - expiresAt);
  return because(`the access token ended ${ago} ago: hello could only fail`, true);
}

function because(reason: string, isEnded = false): Unasked {
  return { kind: "unasked", reason, isEnded };
}

function judgeHello(facts: HelloFacts): readonly Finding[] {
  const { answer, what, canRefresh } = facts;
  switch (answer.kind) {
    case "unasked": {
      const renew = { fix: "refresh it, and ask again", command: "pilotlight refresh" };
      return [skipped(answer.reason, answer.isEnded && canRefresh ? renew : {})];
    }
    case "trouble":
      return [failure(answer.code, answer.text)];
    case "answered": {
      const { refusal, record } = answer;
      const note = record === "unnoted" ? "; that could not be noted" : "";
      if (refusal === null) return [ok(`the server accepts ${what}${note}`)];
      if (record !== "outdated") return [refused(refusal, facts, note)];
      const again = { command: "pilotlight doctor --online" };
      return [warning(`unproved: ${what} was replaced meanwhile`, "ask again", again)];
    }
  }
}

type Refusal = NonNullable<Extract<HelloAnswer, { kind: "answered" }>["refusal"]>;

function refused({ code, said, row }: Refusal, facts: HelloFacts, note: string): Finding {
  const evidence = `${facts.what}: ${said}${note}`;
  if (code === "auth_rejected" && facts.source === "claude-file" && facts.canRefresh) {
    const fix = "refresh it; pilotlight run does so before the next job";
    return warning(evidence, fix, { command: "pilotlight refresh", fm: row.fm });
  }
  if (code !== "unknown_failure") {
    return failure(code, evidence, { ...mendOf(code, facts), fm: row.fm });
  }
  const fix = "read what Claude Code said; if it is about the login, report the text";
  return warning(`unproved: ${evidence}`, fix);
}

/** Where the code's own advice is for another credential than this one. */
function mendOf(
  code: ErrorCode,
  { source }: HelloFacts,
): Partial<Pick<Finding, "fix" | "command">> {
  if (code !== "auth_rejected" || source === "claude-file") return {};
  const command = source === "CLAUDE_CODE_OAUTH_TOKEN" ? "claude setup-token" : null;
  return { fix: "replace it where it is set, or remove it there", command };
}

function inWords({ effective, settings, entry }: LoginWorld): string {
  const { source, shadowed } = effective;
  if (source === "claude-file") {
    const access = entry.state === "present" ? entry.credential.accessToken?.fingerprint : null;
    return `the stored login (${access ?? "no token"})`;
  }
  const isOverLogin = shadowed.includes("claude-file") || shadowed.includes("claude-keychain");
  const place = placeIn(settings.origins)(source);
  return isOverLogin ? `${place}, which wins over the stored login` : place;
}
