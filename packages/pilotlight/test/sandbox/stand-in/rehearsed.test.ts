import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../src/cli/system-clock.ts";
import { rehearsal } from "../../../src/sandbox/rehearsal.ts";
import { isolationRehearsal } from "../../../src/sandbox/rehearse-isolation.ts";
import {
  STAND_IN_VERSIONS,
  type StandInVersion,
} from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { standIn } from "./actors.ts";

const LIMIT = 60_000;

/** What a rehearsal needs; its own sandbox takes the place of any other. */
function scene(version: StandInVersion) {
  const home = isolatedHome();
  onTestFinished(() => home.cleanup());
  const { command, env } = standIn(version);
  const [program = "", ...args] = command;
  const elsewhere = { env: () => ({ PILOTLIGHT_TOKEN_URL: "http://127.0.0.1:9/v1/oauth/token" }) };
  return {
    command: { argv: [program, ...args] as const, files: [] },
    parts: {
      env: { ...home.env, ...env(elsewhere) },
      files: durableFiles(),
      clock: systemClock,
    },
  };
}

describe("Pilotlight takes the stand-in for the build it plays", { timeout: LIMIT }, () => {
  it.each(STAND_IN_VERSIONS)(
    "%s: the command that refreshes, waits and stores",
    async (version) => {
      const { command, parts } = scene(version);
      const expected = version === "2.1.329" ? "mcp-list" : "prompt";
      expect(await rehearsal(parts)(command)).toMatchObject({ command: expected });
    },
  );

  it.each(STAND_IN_VERSIONS)("%s: whether it can be isolated", async (version) => {
    const { command, parts } = scene(version);
    expect(await isolationRehearsal(parts)(command)).toBe(version === "2.1.329");
  });
});
