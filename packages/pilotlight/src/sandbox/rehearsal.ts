import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Rehearsal } from "../claude/build/build-memory.ts";
import type { Rehearse } from "../claude/build/claude-build.ts";
import { credentialsFile } from "../claude/credentials-file.ts";
import type { ClaudeCommand } from "../claude/build/find-claude.ts";
import { REFRESH_COMMANDS, type RefreshCommand } from "../claude/build/refresh-command.ts";
import { endGroup } from "../claude/process-group.ts";
import { stageIn } from "../claude/staging/stage.ts";
import { stagingEnvironment } from "../claude/staging/staging-environment.ts";
import { stagingGrant } from "../claude/staging/staging-grant.ts";
import type { Clock, DurableFiles } from "../core/ports.ts";
import { type Sandbox, startSandbox } from "./start-sandbox.ts";
import { withoutNetwork } from "./without-network.ts";

/** ms that the sandbox's token endpoint takes: a build that does not wait for its refresh is found out. */
const SLOW = 4_000;
/** ms that a command may take. */
const PATIENCE = 30_000;

/**
 * Rehearses a build on the sandbox, with invented tokens and a slow endpoint: which command makes it
 * refresh, wait and store? It never sees the network or a real login.
 */
export function rehearsal(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: DurableFiles;
  readonly clock: Clock;
  /** ms after which a command counts as hanging; 30 s unless given. */
  readonly patience?: number;
}): Rehearse {
  return async (command) => {
    const sandbox = await startSandbox({ unref: true });
    const folder = await realpath(await mkdtemp(join(tmpdir(), "pilotlight-rehearsal-")));
    try {
      return await rehearse(command, { patience: PATIENCE, ...options, sandbox, folder });
    } finally {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    }
  };
}

interface Scene {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: DurableFiles;
  readonly clock: Clock;
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly patience: number;
}

async function rehearse(command: ClaudeCommand, scene: Scene): Promise<Rehearsal> {
  const seen: string[] = [];
  for (const name of Object.keys(REFRESH_COMMANDS) as RefreshCommand[]) {
    const said = await tryCommand(command, name, scene);
    if (said === "stored") {
      return {
        command: name,
        at: scene.clock.now(),
        detail: `${name}: refreshed, waited and stored`,
      };
    }
    seen.push(`${name}: ${said}`);
  }
  return { command: null, at: scene.clock.now(), detail: seen.join("; ") };
}

async function tryCommand(
  { argv }: ClaudeCommand,
  command: RefreshCommand,
  { env, files, clock, sandbox, folder, patience }: Scene,
): Promise<string> {
  const stage = stageIn(join(folder, command), files);
  const grant = stagingGrant({
    stage,
    claude: async () => ({ argv, build: "rehearsal", command }),
    // Every way to the network is replaced by the sandbox's own proxy.
    env: async () => ({
      ...withoutNetwork(stagingEnvironment(stage.directory, env, {})),
      HOME: folder,
      USERPROFILE: folder,
      ...sandbox.env(),
    }),
    clock,
    patience,
  });
  const entry = credentialsFile.parse(JSON.stringify(sandbox.signIn()));
  if (entry.state !== "present") return "the sandbox made no login";
  sandbox.clearFaults();
  sandbox.fault({ name: "token-slow", delayMs: SLOW, rotateAt: "start" });
  await grant.prepare();
  const before = sandbox.tokenPosts().length;
  let pid = 0;
  const result = await grant.spend(entry.credential, async (process) => {
    pid = process.pid;
  });
  if (result.kind === "failed" && result.code === "refresh_running") {
    // Its tokens are invented, and one left behind by every rehearsal would fill the machine.
    endGroup(pid);
    return `it still ran after ${patience / 1000} s`;
  }
  const posts = sandbox.tokenPosts().length - before;
  if (result.kind === "issued") return posts === 1 ? "stored" : `stored, after ${posts} requests`;
  return posts === 0 ? "no refresh started" : "the refresh was lost";
}
