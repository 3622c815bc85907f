import { describe, expect, it } from "vitest";
import { asked, openJobScene } from "../e2e/run/a-job.ts";
import { claudeTest } from "../support/claude-test.ts";
import { example, keyFor, openRealScene, structured } from "./an-example.ts";

const REPORT = {
  summary: "One disk is full.",
  problems: [{ title: "/var is full", isUrgent: true }],
};
const LOG = "disk /var is full";

describe("examples/cron.ts", () => {
  it("prints what the API said as JSON", async () => {
    const scene = await openJobScene("2.1.329", { reply: structured(REPORT) });
    const ended = await scene.plain(example("cron"), { stdin: LOG, env: keyFor(scene) });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(JSON.parse(ended.stdout)).toEqual(REPORT);
    expect(asked(scene)).toHaveLength(1);
  });

  it("ends with the status of the code for a key that is rejected", async () => {
    const scene = await openJobScene("2.1.329");
    scene.sandbox.fault({ name: "messages-401-api-key" });
    const ended = await scene.plain(example("cron"), { stdin: LOG, env: keyFor(scene) });
    expect([ended.code, ended.stdout]).toEqual([78, ""]);
    // The sandbox is no host of Anthropic's, so it counts as a gateway.
    expect(ended.stderr).toMatch(/^gateway_rejected: .*\ncheck that gateway/);
  });

  it("ends with 70, and prints nothing, for an answer that does not fit", async () => {
    const scene = await openJobScene("2.1.329", { reply: structured({ summary: 1 }) });
    const ended = await scene.plain(example("cron"), { stdin: LOG, env: keyFor(scene) });
    expect([ended.code, ended.stdout]).toEqual([70, ""]);
    expect(ended.stderr).toMatch(/^structured_output_missing: .*summary/);
  });

  it("ends with 78 where the API has no model", async () => {
    const scene = await openJobScene("2.1.329");
    const { ASK_MODEL: _, ...env } = keyFor(scene);
    const ended = await scene.plain(example("cron"), { stdin: LOG, env });
    expect([ended.code, ended.stdout]).toEqual([78, ""]);
    expect(asked(scene)).toEqual([]);
  });

  it("ends with 66 and names the command where nobody is signed in", async () => {
    const scene = await openJobScene("2.1.329");
    const ended = await scene.plain(example("cron"), { stdin: LOG });
    expect([ended.code, ended.stdout]).toEqual([66, ""]);
    expect(ended.stderr).toMatch(/^no_credential: .*\n.*: pilotlight login\n$/);
  });

  it("ends with 77 once the login is over", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    const ended = await scene.plain(example("cron"), { stdin: LOG });
    expect([ended.code, ended.stdout]).toEqual([77, ""]);
    expect(ended.stderr).toMatch(/^login_ended: .*\n.*: pilotlight login\n$/);
  });

  it("ends with 78, and sends nothing, for a key that is no key", async () => {
    const scene = await openJobScene("2.1.329");
    const env = { ...keyFor(scene), ANTHROPIC_API_KEY: "sk-ant-oat01-TEST-examples" };
    const ended = await scene.plain(example("cron"), { stdin: LOG, env });
    expect([ended.code, ended.stdout]).toEqual([78, ""]);
    expect(ended.stderr).toMatch(/^wrong_credential: ANTHROPIC_API_KEY /);
    expect(scene.sandbox.requests()).toEqual([]);
  });

  claudeTest("2.1.329", "prints what Claude Code said as JSON", async (build) => {
    const scene = await openRealScene(build, { reply: structured(REPORT) });
    const ended = await scene.plain(example("cron"), { stdin: LOG });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(JSON.parse(ended.stdout)).toEqual(REPORT);
  });
});
