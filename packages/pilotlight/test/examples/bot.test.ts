import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Reply } from "../../src/sandbox/index.ts";
import { asked, type JobScene, openJobScene } from "../e2e/run/a-job.ts";
import { claudeTest } from "../support/claude-test.ts";
import { example, openRealScene, until } from "./an-example.ts";

/** Says which of these words it was ever told in this session. */
const recalls: Reply = ({ messages }) => {
  const said = JSON.stringify(messages);
  return ["apple", "pear", "for today"].filter((word) => said.includes(word)).join(" and ");
};

describe("examples/bot.ts", () => {
  it("keeps a session for each channel", async () => {
    const scene = await openJobScene("2.1.329", { reply: recalls });
    scene.write(scene.sandbox.signIn());
    await expectSessions(scene);
  });

  claudeTest("2.1.329", "keeps a session for each channel", async (build) => {
    await expectSessions(await openRealScene(build, { reply: recalls }));
  });

  it("begins a new session where the old one is gone", async () => {
    const scene = await openJobScene("2.1.329", { reply: recalls });
    scene.write(scene.sandbox.signIn());
    await expectNewSession(scene);
  });

  claudeTest("2.1.329", "begins a new session where the old one is gone", async (build) => {
    await expectNewSession(await openRealScene(build, { reply: recalls }));
  });

  it("writes its report every so often, into a session of its own", async () => {
    const scene = await openJobScene("2.1.329", { reply: recalls });
    scene.write(scene.sandbox.signIn());
    const bot = scene.begin(example("bot", "--every", "1"));
    const reports = () => bot.stdout().match(/^#reports for today$/gm) ?? [];
    await until(() => reports().length === 2);
    bot.close();
    expect((await bot.ended).code).toBe(0);
  });

  it("answers with what a person can do", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    const { code, stdout } = await scene.plain(example("bot"), { stdin: "#fruit hello\n" });
    expect([code, stdout]).toEqual([
      0,
      "#fruit I cannot answer (login_ended): a person must sign in again. Type: pilotlight login\n",
    ]);
  });

  it("says when a used-up limit is over", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-429-usage-limit", retryAfter: 600 });
    const { stdout } = await scene.plain(example("bot"), { stdin: "hello\n" });
    expect(stdout).toMatch(/^#general I cannot answer \(usage_limit\): .* It is over at 2\d{3}-/);
  });

  it("uses a key for a bot that others talk to", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const env = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-examples" };
    const command = example("bot", "--auth", "api-key");
    const { stdout } = await scene.plain(command, { stdin: "hello\n", env });
    expect(stdout).toBe("#general Hello from the sandbox.\n");
    expect(asked(scene).map(({ credentialHeaders }) => credentialHeaders)).toEqual([["x-api-key"]]);
  });

  it("ends soon on TERM, with a word to whoever waits", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-529", delayMs: 20_000 });
    const bot = scene.begin(example("bot"));
    bot.write("hello\n");
    await until(() => asked(scene).length > 0);
    bot.kill("SIGTERM");
    const { code, stdout } = await bot.ended;
    expect([code, stdout]).toEqual([0, "#general I am restarting. Ask me again in a minute.\n"]);
  });
});

async function expectSessions(scene: JobScene): Promise<void> {
  const lines = ["#fruit apple", "#trees pear", "#fruit what was it?", "#trees what was it?"];
  const { code, stdout } = await scene.plain(example("bot"), { stdin: `${lines.join("\n")}\n` });
  expect(code).toBe(0);
  const said = stdout.trim().split("\n").toSorted();
  expect(said).toEqual(["#fruit apple", "#fruit apple", "#trees pear", "#trees pear"]);
}

async function expectNewSession(scene: JobScene): Promise<void> {
  const bot = scene.begin(example("bot"));
  const lines = () => bot.stdout().trimEnd().split("\n");
  const say = async (text: string) => {
    const before = bot.stdout();
    bot.write(`#fruit ${text}\n`);
    await until(() => bot.stdout() !== before);
  };
  await say("apple");
  const projects = join(scene.home.configDir, "projects");
  expect(readdirSync(projects)).not.toEqual([]);
  rmSync(projects, { recursive: true });
  await say("what was it?");
  await say("pear");
  expect(lines()[1]).toMatch(/^#fruit I cannot answer \(claude_failed\): /);
  expect([lines()[0], lines()[2]]).toEqual(["#fruit apple", "#fruit pear"]);
  bot.close();
  expect((await bot.ended).code).toBe(0);
}
