import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { explainJob } from "../../../src/cli/commands/explain.ts";
import { readConfig } from "../../../src/cli/config.ts";
import type { Fingerprint } from "../../../src/core/credential.ts";
import type { Explanation } from "../../../src/core/explanation.ts";
import { startSandbox } from "../../../src/sandbox/index.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { type Arrival, arrivalOf } from "./arrival.ts";
import { ingredientsOf, type Ingredients } from "./ingredients.ts";
import { type Scene, stageOf } from "./scene.ts";

/** ms. A cloud is tried for a minute by some builds: nothing comes to Anthropic's address meanwhile. */
const LIMIT = { cloud: 8000, other: 60_000 };

/** Keeps what looks for a cloud's own credential from looking outside this machine. */
const NO_METADATA = { AWS_EC2_METADATA_DISABLED: "true", METADATA_SERVER_DETECTION: "none" };

/** What came of a scene: the authentication headers, and whose value was in each. */
export interface Arrived {
  readonly headers: readonly string[];
  readonly bearer: string | null;
  readonly key: string | null;
  readonly said: string;
}

/** A sandbox with invented logins in which scenes are played, one after the other. */
export interface Bench {
  readonly ingredients: Ingredients;
  play(scene: Scene, build: ClaudeBuild): Promise<{ explanation: Explanation; arrived: Arrived }>;
  close(): Promise<void>;
}

export async function bench(): Promise<Bench> {
  const sandbox = await startSandbox();
  const [login, token, profile] = [sandbox.signIn(), sandbox.signIn(), sandbox.signIn()];
  const values = {
    login,
    token: token.claudeAiOauth.accessToken,
    profile: profile.claudeAiOauth.accessToken,
    gateway: sandbox.url,
  };
  const names: Names = new Map([
    ...KEYS,
    [fingerprintOf(login.claudeAiOauth.accessToken), "login"],
    [fingerprintOf(values.token), "token"],
    [fingerprintOf(values.profile), "profile"],
  ]);
  async function play(scene: Scene, build: ClaudeBuild) {
    const home = isolatedHome();
    try {
      const stage = stageOf(scene, home);
      const argv = [...build.command, ...stage.args];
      const explanation = await explained(argv, stage.env, stage.cwd);
      const env = { ...stage.env, ...NO_METADATA, ...sandbox.env() };
      const limit = explanation.winner.billing === "cloud" ? LIMIT.cloud : LIMIT.other;
      const arrival = await arrivalOf(argv, { ...stage, env }, sandbox, limit);
      return { explanation, arrived: arrivedOf(arrival, names) };
    } finally {
      home.cleanup();
    }
  }
  return { ingredients: ingredientsOf(values), play, close: () => sandbox.stop() };
}

/** What `pilotlight explain -- …` says there. */
async function explained(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Explanation> {
  const config = await readConfig(env);
  const [login] = config.logins;
  if (login === undefined) throw new Error("no login is configured");
  return (await explainJob({ config, login, argv, cwd })).explanation;
}

type Names = ReadonlyMap<Fingerprint, string>;

/** The values of keys by their fingerprints: kind and place. */
const KEYS = ["auth", "key", "helper"]
  .flatMap((kind) =>
    ["process", "user", "project", "local", "flag"].map((place) => `${kind}-${place}`),
  )
  .concat("console", "own")
  .map((name) => [fingerprintOf(`sk-ant-api03-TEST-${name}`), name] as const);

function arrivedOf({ request, grantTypes, said }: Arrival, names: Names): Arrived {
  // A federation has its token exchanged first, and the sandbox exchanges none.
  const isExchanged = grantTypes.includes("urn:ietf:params:oauth:grant-type:jwt-bearer");
  if (request === null && isExchanged)
    return { headers: ["authorization"], bearer: "profile", key: null, said };
  const nameOf = (one: Fingerprint | null | undefined) =>
    one == null ? null : (names.get(one) ?? "other");
  return {
    headers: request?.credentialHeaders ?? [],
    bearer: nameOf(request?.fingerprints.bearer),
    key: nameOf(request?.fingerprints.apiKey),
    said: said.slice(0, 200),
  };
}

/** @returns what is different between what was explained and what arrived; `null` for nothing */
export function differenceOf({ winner }: Explanation, arrived: Arrived): string | null {
  const told = winner.headers.join(" ");
  const came = arrived.headers.join(" ");
  const owners = [arrived.bearer, arrived.key].filter((name) => name !== null);
  const isWhose = owners.some((name) => isValueOf(name, winner));
  const isNobodys = owners.every((name) => name === "own" || name === "other");
  // A helper beside a bearer is not waited for: the first request may go without its key.
  const isEarly = winner.source === "ANTHROPIC_AUTH_TOKEN" && told === `${came} x-api-key`;
  if ((told === came || isEarly) && (isWhose || isNobodys)) return null;
  const values = `${arrived.bearer ?? "-"}/${arrived.key ?? "-"}`;
  return `explained ${winner.source} (${told}), arrived ${came} of ${values}; ${arrived.said}`;
}

const KINDS: Readonly<Record<string, string>> = {
  auth: "ANTHROPIC_AUTH_TOKEN",
  key: "ANTHROPIC_API_KEY",
  helper: "apiKeyHelper",
  token: "CLAUDE_CODE_OAUTH_TOKEN",
  login: "claude-file",
  profile: "profile",
  console: "claude-file",
};

const PLACES: Readonly<Record<string, RegExp>> = {
  process: /^environment/,
  user: /home\/\.claude\/settings\.json/,
  project: /project\/\.claude\/settings\.json/,
  local: /settings\.local\.json/,
  flag: /^--settings/,
};

/** Is the value that arrived the one of the explained source, from the explained place? */
function isValueOf(name: string, { source, where }: Explanation["winner"]): boolean {
  const [kind = "", place] = name.split("-");
  const pattern = place === undefined ? null : PLACES[place];
  return KINDS[kind] === source && (pattern?.test(where) ?? true);
}
