import { rm } from "node:fs/promises";
import { findClaude } from "../../claude/build/find-claude.ts";
import type { Environment } from "../../claude/locations.ts";
import { sayHello } from "../../claude/staging/hello.ts";
import type { Credential } from "../../core/credential.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import type { Config, LoginConfig } from "../config.ts";
import { privateDirectory } from "../proof/private-directory.ts";
import { refusalIn } from "../proof/prove-by-hello.ts";
import { stageEnvironment } from "./sign-in-stage.ts";

/** What is to be proved: a login with a copy that cannot rotate, or a token by the variable that holds it. */
type Candidate =
  | { readonly credential: Credential }
  | { readonly credential: null; readonly variables: Environment };

/**
 * One hello of the jobs' Claude Code, in a private directory.
 * @returns why the server took the new login for none; `null` also where what was said tells nothing of the login
 */
export async function refusalOf(
  config: Config,
  login: LoginConfig,
  candidate: Candidate,
): Promise<string | null> {
  const { argv } = await findClaude(config.jobClaude, config.env);
  const directory = await privateDirectory(config.stateDir, `${login.name}-sign-in`);
  try {
    const settings = { env: {}, apiKeyHelper: null };
    const stage = await stageEnvironment(config, login, directory);
    const env = candidate.credential === null ? { ...stage, ...candidate.variables } : stage;
    const { credential } = candidate;
    const said = await sayHello(
      { command: argv, credential, env, settings, model: null, cwd: directory },
      directory,
      durableFiles(),
    );
    const refusal = refusalIn(said);
    return refusal?.code === "auth_rejected" ? refusal.said : null;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
