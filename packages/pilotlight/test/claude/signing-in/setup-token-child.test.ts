import { mkdtempSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { processesIn } from "../../../src/claude/locking/living-process.ts";
import {
  SETUP_TOKEN_PATIENCE,
  startSetupToken,
} from "../../../src/claude/signing-in/setup-token-child.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";

const PROGRAM = fileURLToPath(new URL("fixtures/setup-token.sh", import.meta.url));
const LINK =
  "https://claude.com/cai/oauth/authorize?code_challenge=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ&state=TESTstate";

const terminal = needs("script", "linux");
const failure = (code: string, part: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

let home: IsolatedHome;
let cwd: string;
beforeEach(() => {
  home = isolatedHome();
  cwd = realpathSync(mkdtempSync(join(home.home, "stage-")));
});
afterEach(() => home.cleanup());

/** Starts the stand-in with a patience of its own for one step, and plenty for the others. */
function start(
  behaviour: string,
  { patience = {}, env = {}, signal = new AbortController().signal } = {},
) {
  return startSetupToken({
    argv: ["/bin/sh", PROGRAM, behaviour],
    cwd,
    env: { ...home.env, ...env },
    signal,
    patience: { ...SETUP_TOKEN_PATIENCE, echo: 200, end: 200, ...patience },
  });
}

const nothingRuns = () => expect.poll(() => processesIn(cwd), { timeout: 10_000 }).toEqual([]);
const nobody = async () => expect.unreachable("no token came");

terminal.describe("a setup-token", () => {
  it("comes by a link and a code, and nothing is left running", async () => {
    const child = await start("shows");
    expect(child.link).toBe(LINK);
    const kept: string[] = [];
    await child.give("TESTcode", async ({ fingerprint }) => {
      expect(processesIn(cwd)).not.toEqual([]);
      kept.push(fingerprint);
    });
    expect(kept).toEqual([fingerprintOf("sk-ant-oat01-TEST-TESTcode-abcdefghijklmnop")]);
    await nothingRuns();
  });

  it.each([
    ["refuses", "code_rejected", "not this one"],
    ["ends", "sign_in_failed", "ended without showing a token"],
  ])("that never comes, because Claude Code %s, has a clear end", async (behaviour, code, part) => {
    const child = await start(behaviour);
    await expect(child.give("TESTcode", nobody)).rejects.toThrow(failure(code, part));
    await nothingRuns();
  });

  it("is not waited for without end", async () => {
    await expect(start("mute", { patience: { link: 100 } })).rejects.toThrow(
      failure("sign_in_failed", "no link"),
    );
    const child = await start("hangs", { patience: { exchange: 100 } });
    await expect(child.give("TESTcode", nobody)).rejects.toThrow(
      failure("sign_in_failed", "no token was shown"),
    );
    await nothingRuns();
  });

  it("is given up by a signal, and by whoever cancels", async () => {
    const stopped = new AbortController();
    await start("shows", { signal: stopped.signal });
    expect(processesIn(cwd)).not.toEqual([]);
    stopped.abort();
    await nothingRuns();
    const child = await start("shows");
    child.cancel();
    await nothingRuns();
  });

  it("fails in the words of Claude Code, without any token in them", async () => {
    const error = await start("broken").catch((reason: unknown) => reason);
    expect(error).toEqual(failure("sign_in_failed", "Something is wrong here: [secret]"));
  });
});

it("without a program that gives a terminal is not begun", async () => {
  await expect(start("shows", { env: { PATH: "/nowhere" } })).rejects.toThrow(
    failure("unsupported", "util-linux"),
  );
  await nothingRuns();
});
