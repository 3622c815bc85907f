import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Sandbox, startSandbox } from "../../../src/sandbox/index.ts";
import {
  type StandInVersion,
  STAND_IN_VERSIONS,
} from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { type Actor, realClaude, standIn } from "./actors.ts";
import { openStage } from "./a-stand-in.ts";

/** What a person types after each question; a word of the actor's is awaited before each line. */
type Typing = (
  code: string,
  sandbox: Sandbox,
) => readonly (readonly [after: RegExp, line: string])[];

const LINK = /https:\/\/\S+[?&]state=[^\s&]+(?=\s)/;
const PROMPT = /Paste code here if prompted > /;

/** What there is to see of a sign-in, without what is random in it. */
async function play(actor: Actor, typing: Typing | null): Promise<object> {
  const sandbox = await startSandbox();
  const home = isolatedHome();
  const [program = "", ...first] = actor.command;
  const child = spawn(program, [...first, "auth", "login", "--claudeai"], {
    cwd: home.home,
    // Nobody's browser is to open.
    env: { ...home.env, ...actor.env(sandbox), BROWSER: "true" },
    stdio: "pipe",
    detached: true,
  });
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL");
    await sandbox.stop();
    home.cleanup();
  });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said.err += text));
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const awaited = (what: RegExp) =>
    expect.poll(() => said.out + said.err, { timeout: 30_000 }).toMatch(what);
  await awaited(LINK);
  const link = LINK.exec(said.out)?.[0] ?? "";
  let code: number | null = null;
  if (typing === null) child.kill("SIGKILL");
  else {
    for (const [after, line] of typing(sandbox.issueCode(link, "person-elsewhere"), sandbox)) {
      await awaited(after);
      // The input stays open: it has to end by itself.
      child.stdin.write(`${line.replace("STATE", stateOf(link))}\n`);
    }
  }
  code = await ended;
  return {
    code,
    out: said.out.replace(link, "<link>"),
    err: said.err,
    asked: askedBy(link),
    posts: sandbox
      .tokenPosts()
      .map(({ grantType, status, userAgent, state }) => ({ grantType, status, userAgent, state })),
    ...filesIn(home.configDir, sandbox),
  };
}

function stateOf(link: string): string {
  return new URL(link).searchParams.get("state") ?? "";
}

/** The query of a link, with the length of what is random. */
function askedBy(link: string): object {
  const { origin, pathname, searchParams } = new URL(link);
  const fields = [...searchParams].map(([name, value]) =>
    ["state", "code_challenge"].includes(name) ? [name, value.length] : [name, value],
  );
  return { place: origin + pathname, fields };
}

/** Whose login is where, without its tokens and to the minute. */
function filesIn(configDir: string, sandbox: Sandbox): object {
  const read = (name: string): Record<string, Record<string, unknown>> => {
    const path = join(configDir, name);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  };
  const { claudeAiOauth } = read(".credentials.json");
  const { oauthAccount } = read(".claude.json");
  const { accountUuid, emailAddress, organizationUuid, fullName } = oauthAccount ?? {};
  const { accessToken, refreshToken, expiresAt, refreshTokenExpiresAt, ...kept } =
    claudeAiOauth ?? {};
  const minutes = (time: unknown) => Math.round((Number(time) - Date.now()) / 60_000);
  return {
    noted: { accountUuid, emailAddress, organizationUuid, fullName },
    stored: {
      keys: Object.keys(claudeAiOauth ?? {}),
      kept,
      ends: [minutes(expiresAt), minutes(refreshTokenExpiresAt)],
      isIssued: sandbox.logins().length === (accessToken === undefined ? 0 : 1),
      areTokens: [accessToken, refreshToken].map((token) => String(token).slice(0, 17)),
    },
  };
}

const CASES: readonly (readonly [string, Typing])[] = [
  ["a whole code", (code) => [[PROMPT, code]]],
  ["a code that was never given", () => [[PROMPT, "TESTnone#STATE"]]],
  [
    "half a code, then nothing, then all of it",
    (code) => [
      [PROMPT, code.split("#")[0] ?? ""],
      [/the full code/, ""],
      [/the full code[\s\S]*the full code/, code],
    ],
  ],
  [
    "a code that has ended",
    (code, sandbox) => {
      sandbox.expireCodes();
      return [[PROMPT, code]];
    },
  ],
  [
    "a server that fails",
    (code, sandbox) => {
      sandbox.fault({ name: "token-500" });
      return [[PROMPT, code]];
    },
  ],
  [
    "a server that hangs up",
    (code, sandbox) => {
      sandbox.fault({ name: "token-reset" });
      return [[PROMPT, code]];
    },
  ],
  ["the code of another link", (code) => [[PROMPT, `${code.split("#")[0]}#TESTother`]]],
];

describe("the stand-in signs in as Claude Code does", () => {
  for (const [what, typing] of CASES) {
    claudeTest("2.1.329", `with ${what}`, async () => {
      const [real, ours] = await Promise.all([
        play(realClaude("2.1.329"), typing),
        play(standIn("2.1.329"), typing),
      ]);
      expect(real).toMatchObject({ code: expect.any(Number) });
      expect(ours).toEqual(real);
    });
  }

  claudeTest("2.1.104", "and shows the link of the build that takes no code", async () => {
    const [real, ours] = await Promise.all([
      play(realClaude("2.1.104"), null),
      play(standIn("2.1.104"), null),
    ]);
    expect(real).toMatchObject({ code: null, posts: [] });
    expect(ours).toEqual(real);
  });
});

describe("the stand-in's sign-in", () => {
  it("keeps what others have in its files", async () => {
    const stage = await openStage("2.1.329");
    const state = join(stage.home.configDir, ".claude.json");
    stage.write({ mcpOAuth: { server: "TEST-mcp" } });
    writeFileSync(state, JSON.stringify({ projects: { here: 1 } }));
    const running = stage.start(["auth", "login"]);
    await expect.poll(() => running.stdout(), { timeout: 10_000 }).toMatch(PROMPT);
    const link = LINK.exec(running.stdout())?.[0] ?? "";
    running.child.stdin?.write(`${stage.sandbox.issueCode(link)}\n`);
    expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(readFileSync(stage.file, "utf8"))).toMatchObject({
      mcpOAuth: { server: "TEST-mcp" },
      claudeAiOauth: { subscriptionTypeSource: "profile" },
    });
    expect(JSON.parse(readFileSync(state, "utf8"))).toMatchObject({ projects: { here: 1 } });
    expect(await stage.run(["-p", "hello"])).toMatchObject({ code: 0 });
  });

  it.each([...STAND_IN_VERSIONS])("takes no login over, on %s", async (version: StandInVersion) => {
    const stage = await openStage(version);
    const { refreshToken } = stage.sandbox.signIn().claudeAiOauth;
    const env = { CLAUDE_CODE_OAUTH_REFRESH_TOKEN: refreshToken };
    const { code, stderr } = await stage.run(["auth", "login"], env);
    expect([code, stderr]).toEqual([1, expect.stringContaining("takes no login over")]);
    expect(stage.sandbox.requests()).toEqual([]);
  });
});
