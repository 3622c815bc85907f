import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  type CredentialsDocument,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from "../../../src/sandbox/index.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { COMPILED } from "../../support/compiled.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { recallBuild, rememberBuild } from "./build-memory.ts";
import { type Finished, type Running, startPilotlight } from "./pilotlight-process.ts";
import { endProcessesUnder } from "./processes.ts";

type Environment = Record<string, string>;

/** One machine: a server, a home with a login in it, and the command line. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly home: IsolatedHome;
  /** Pilotlight's state directory. */
  readonly state: string;
  /** Where the staged CLI runs. */
  readonly stage: string;
  /** What every command line here gets for its environment. */
  readonly env: Environment;
  /** The credential file. */
  readonly file: string;
  /** Writes a document to the credential file as it is. */
  write(document: object | string): void;
  text(): string;
  document(): CredentialsDocument & Record<string, unknown>;
  start(args: readonly string[], env?: Environment): Running;
  run(args: readonly string[], env?: Environment): Promise<Finished>;
}

export interface SceneOptions {
  /** The real Claude Code to refresh with; the endpoint driver unless given. */
  readonly build?: ClaudeBuild;
  readonly sandbox?: SandboxOptions;
  /** Added to the environment of every command line. */
  readonly env?: Environment;
}

/** Opens a scene for the running test; it is cleared away after it, with every process that still works in it. */
export async function openScene({
  build,
  sandbox: terms,
  env = {},
}: SceneOptions = {}): Promise<Scene> {
  const sandbox = await startSandbox(terms);
  const home = isolatedHome();
  onTestFinished(async () => {
    await endProcessesUnder(join(home.home, ".."));
    await sandbox.stop();
    home.cleanup();
  });
  const state = join(home.stateDir, "pilotlight");
  const driver =
    build === undefined ? ENDPOINT : { PILOTLIGHT_CLAUDE: JSON.stringify(build.command) };
  const compiled = { NODE_COMPILE_CACHE: COMPILED };
  const places = { ...home.env, ...compiled, PILOTLIGHT_STATE_DIR: state };
  const all = { ...places, ...sandbox.env(), ...driver, ...env };
  const file = join(home.configDir, ".credentials.json");
  if (build !== undefined) await makeKnown(build, state, all);
  const text = () => readFileSync(file, "utf8");
  const start = (args: readonly string[], more: Environment = {}) =>
    startPilotlight(args, { ...all, ...more });
  return {
    sandbox,
    home,
    state,
    stage: join(state, "staging", "default"),
    env: all,
    file,
    write(document) {
      writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document));
      chmodSync(file, 0o600);
    },
    text,
    document: () => JSON.parse(text()),
    start,
    run: (args, more) => start(args, more).finished,
  };
}

const ENDPOINT = { PILOTLIGHT_DRIVER: "endpoint", PILOTLIGHT_ACCEPT_UNSUPPORTED: "1" };

/** A first refresh, of another login on a machine of its own, has the build rehearsed. */
async function makeKnown(build: ClaudeBuild, state: string, env: Environment): Promise<void> {
  if (recallBuild(build.version, state)) return;
  const sandbox = await startSandbox();
  const other = isolatedHome();
  try {
    const document = sandbox.signIn({ accessTokenLife: 0 });
    writeFileSync(join(other.configDir, ".credentials.json"), JSON.stringify(document), {
      mode: 0o600,
    });
    const otherState = join(other.stateDir, "pilotlight");
    const all = { ...env, ...other.env, ...sandbox.env(), PILOTLIGHT_STATE_DIR: otherState };
    const { code, stderr } = await startPilotlight(["refresh"], all).finished;
    if (code !== 0)
      throw new Error(`the first refresh on ${build.version} ended with ${code}: ${stderr}`);
    rememberBuild(build.version, otherState);
  } finally {
    await sandbox.stop();
    other.cleanup();
  }
  recallBuild(build.version, state);
}
