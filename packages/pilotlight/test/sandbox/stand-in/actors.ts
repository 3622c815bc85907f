import { fileURLToPath } from "node:url";
import type { Sandbox } from "../../../src/sandbox/index.ts";
import type { StandInVersion } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { claudeBuild } from "../../support/claude-builds.ts";
import { COMPILED } from "../../support/compiled.ts";

/** Somebody who plays the part of `claude`. */
export interface Actor {
  /** Its argv, to which arguments are appended. */
  readonly command: readonly string[];
  /** What it needs in its environment to talk to the sandbox and to nobody else. */
  env(sandbox: Pick<Sandbox, "env">): Record<string, string>;
}

const ENTRY = fileURLToPath(new URL("../../../src/sandbox/stand-in/stand-in.ts", import.meta.url));

export function standIn(version: StandInVersion): Actor {
  return {
    command: [process.execPath, ENTRY],
    env: (sandbox) => ({
      ...sandbox.env(),
      PILOTLIGHT_STAND_IN: version,
      NODE_COMPILE_CACHE: COMPILED,
    }),
  };
}

/** The real build. @throws Error unless it is in the cache. */
export function realClaude(version: StandInVersion): Actor {
  const build = claudeBuild(version);
  if (build === null) throw new Error(`${version} is not in the cache`);
  // IS_SANDBOX: root may skip the permissions; nothing here runs outside a temporary directory.
  return { command: build.command, env: (sandbox) => ({ ...sandbox.env(), IS_SANDBOX: "1" }) };
}
