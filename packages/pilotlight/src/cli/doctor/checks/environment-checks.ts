import { stat } from "node:fs/promises";
import { fingerprintOf } from "../../../claude/fingerprint.ts";
import type { Environment } from "../../../claude/locations.ts";
import { isYes } from "../../../claude/precedence/precedence.ts";
import { variableFlaw } from "../../../claude/precedence/variable-flaw.ts";
import { printDuration } from "../../../core/duration.ts";
import { brokenIn, type Explanation, type WarningCode } from "../../../core/explanation.ts";
import type { TokenFlaw } from "../../../core/token-flaw.ts";
import { tokenLogin } from "../../token-login.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import { placeIn } from "../variables.ts";
import type { LoginWorld } from "../world.ts";

/** What a job finds in its environment and settings besides the login. */
export const environmentChecks = [
  loginCheck({
    id: "credential-in-use",
    title: "jobs use the stored login",
    fm: ["FM-43", "FM-44", "FM-46", "FM-47", "FM-48"],
    gather: ({ explanation, settings, machine }: LoginWorld) => {
      const env = { ...machine.env, ...settings.env };
      return {
        explanation,
        isOfDesktop: isYes(env["CLAUDE_CODE_SDK_HAS_HOST_AUTH_REFRESH"] ?? ""),
      };
    },
    judge: credentialInUse,
  }),
  loginCheck({
    id: "environment-tokens",
    title: "tokens in environment and settings are whole and of the right kind",
    fm: ["FM-06", "FM-08", "FM-49", "FM-50"],
    gather: ({ effective, settings, machine, entry }: LoginWorld) => ({
      source: effective.source,
      found: environmentTokens({ ...machine.env, ...settings.env }),
      placeOf: placeIn(settings.origins),
      stored: entry.state === "present" ? entry.credential.accessToken?.fingerprint : undefined,
    }),
    judge: judgeTokens,
  }),
  loginCheck({
    id: "setup-token",
    title: "a setup-token is not near the end of its year",
    fm: ["FM-05", "FM-07"],
    gather: setupToken,
    judge: judgeSetupToken,
  }),
  loginCheck({
    id: "api-key-helper",
    title: "the apiKeyHelper is there",
    fm: ["FM-53"],
    gather: async ({ settings }: LoginWorld) => {
      const helper = settings.apiKeyHelper;
      const program = helper?.trim().split(/\s+/)[0] ?? "";
      const isPath = program.startsWith("/");
      const isThere = !isPath || (await stat(program).catch(() => null))?.isFile() === true;
      return helper === null ? null : { program, isThere, place: settings.origins["apiKeyHelper"] };
    },
    judge: (facts) => {
      if (facts === null) return [skipped("none is set")];
      const { program, isThere, place = "settings" } = facts;
      if (!isThere) return [failure("helper_failing", `${place}: there is no ${program}`)];
      return [
        note(`${place} is set; doctor does not run it`, "it must print one key and nothing else"),
      ];
    },
  }),
];

/** What else doctor tells of in a check of its own. */
const TOLD_ELSEWHERE: readonly string[] = [
  "wrong_credential",
  "credential_corrupt",
  "credential_not_a_file",
];

/** Of what is neither here a job goes on as somebody meant, or `explain` alone can tell more. */
const SURPRISES: Readonly<Partial<Record<WarningCode, typeof warning>>> = {
  bare_reads_no_login: warning,
  credential_shadowed: warning,
  custom_headers: warning,
  gateway: warning,
  ignored_here: note,
  profile_unusable: warning,
  settings_over_environment: note,
  two_credentials: warning,
};

function credentialInUse(facts: {
  readonly explanation: Explanation;
  readonly isOfDesktop: boolean;
}): readonly Finding[] {
  const { explanation, isOfDesktop } = facts;
  const broken = brokenIn(explanation);
  const findings = broken
    .filter(({ code }) => !TOLD_ELSEWHERE.includes(code))
    .map(({ code, message, fix }) => failure(code, message, { fix }));
  for (const { code, message, fix } of explanation.warnings) {
    const tell = SURPRISES[code];
    if (tell === undefined || broken.some((one) => one.message === message)) continue;
    const other =
      code === "credential_shadowed" ? ", or start jobs by pilotlight run --auth subscription" : "";
    findings.push(tell(message, `${fix}${other}`));
  }
  if (isOfDesktop) {
    findings.push(
      note("the Desktop app renews its own login, and nobody this store", "refresh it here"),
    );
  }
  if (findings.length > 0) return findings;
  const { source } = explanation.winner;
  return source === "none"
    ? [skipped("there is no credential that a job could use")]
    : [ok(source)];
}

const TOKENS = ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];

interface FoundToken {
  readonly name: string;
  readonly fingerprint: string;
  readonly flaw: TokenFlaw | null;
}

/** Reads tokens only for their form and fingerprint. A bearer without a flaw may be of anybody. */
function environmentTokens(env: Environment): readonly FoundToken[] {
  return TOKENS.flatMap((name) => {
    const token = env[name] ?? "";
    const flaw = variableFlaw(name, env);
    if (token === "" || (name === "ANTHROPIC_AUTH_TOKEN" && flaw === null)) return [];
    return [{ name, fingerprint: fingerprintOf(token.trim()), flaw }];
  });
}

function judgeTokens(facts: {
  readonly source: string;
  readonly found: readonly FoundToken[];
  readonly placeOf: (name: string) => string;
  readonly stored: string | undefined;
}): readonly Finding[] {
  const { source, found, placeOf, stored } = facts;
  if (found.length === 0) return [skipped("none is set")];
  return found.map(({ name, flaw, fingerprint }) => {
    if (fingerprint === stored) {
      const what = `${placeOf(name)} is a copy of the stored access token: it ends within hours`;
      return warning(what, "let Claude Code read the store, or use a token of claude setup-token");
    }
    if (flaw === null) return ok(`${placeOf(name)} ${fingerprint}`);
    const what = `${placeOf(name)} ${flaw.text}`;
    const isFatal = flaw.severity === "failure" && source === name;
    return isFatal
      ? failure("wrong_credential", what)
      : warning(what, "copy it again, whole and without line breaks");
  });
}

interface SetupToken {
  readonly place: string;
  /** ms since the settings file with it was last changed, and so at least its age; `null` where nothing tells. */
  readonly age: number | null;
  /** ms to its end, where it was minted here. */
  readonly left: number | null;
}

async function setupToken({
  effective,
  settings,
  machine,
}: LoginWorld): Promise<SetupToken | null> {
  if (effective.source !== "CLAUDE_CODE_OAUTH_TOKEN") return null;
  const origin = settings.origins["CLAUDE_CODE_OAUTH_TOKEN"];
  const file = origin?.replace(/ \(.*$/, "");
  const stats = file === undefined ? null : await stat(file).catch(() => null);
  const minted = await tokenLogin(machine.config, {
    CLAUDE_CODE_OAUTH_TOKEN: { ...machine.env, ...settings.env }["CLAUDE_CODE_OAUTH_TOKEN"],
  });
  const endsAt = minted?.loginEndsAt ?? null;
  return {
    place: origin ?? "CLAUDE_CODE_OAUTH_TOKEN (environment)",
    age: stats && machine.now - stats.mtimeMs,
    left: endsAt === null ? null : endsAt - machine.now,
  };
}

const YEAR = 365 * 86_400_000;
const MONTH = 30 * 86_400_000;

function judgeSetupToken(facts: SetupToken | null): readonly Finding[] {
  if (facts === null) return [skipped("none is in use")];
  const { place, age, left } = facts;
  const fix = "pilotlight login --setup-token makes a new one, and notes its end";
  if (left !== null) {
    const what = `${place}: ${left > 0 ? `ends in ${printDuration(left)}` : "its year is over"}`;
    return [left > MONTH ? ok(what) : warning(what, fix)];
  }
  if (age !== null && age > YEAR - MONTH) {
    const what = `${place}: at least ${printDuration(age)} old, and it ends after a year`;
    return [warning(what, fix)];
  }
  const limits = "it ends a year after it was made, and is for inference only (no connectors)";
  return [note(`${place}: its age cannot be told; ${limits}`, fix)];
}
