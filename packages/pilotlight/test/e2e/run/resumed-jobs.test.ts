import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ReplyBlock, ReplyRequest, Sandbox } from "../../../src/sandbox/index.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { openScene } from "../support/scene.ts";
import { asked, openJobScene, withJobs } from "./a-job.ts";

const RESUME = ["--retry", "resume"];
const FREE = ["--dangerously-skip-permissions"];
const HELLO = ["claude", "-p", "say hello"];

/** A model that asks for a command once, whose token is refused right after, and what it is told then. */
function interrupted() {
  const stage: { sandbox?: Sandbox; readonly said: string[] } = { said: [] };
  const reply = ({ messages }: ReplyRequest): string | ReplyBlock[] => {
    const text = JSON.stringify(messages);
    stage.said.push(text);
    if (text.includes("tool_result")) return "done";
    stage.sandbox?.fault({ name: "messages-401-revoked", times: 1, shouldRetry: false });
    const input = { command: "echo ran >> ran.txt", description: "adds a line" };
    return [{ type: "tool_use", name: "Bash", input }];
  };
  return { stage, reply };
}

describe("a job whose session can go on", () => {
  it.each([["text"], ["json"], ["stream-json"]])(
    "goes on once, and does nothing twice (%s)",
    async (format) => {
      const { stage, reply } = interrupted();
      const scene = await openJobScene("2.1.104", { reply });
      stage.sandbox = scene.sandbox;
      scene.write(scene.sandbox.signIn());
      const command = [...HELLO, ...FREE, "--output-format", format, "--verbose"];
      const ended = await scene.job(RESUME, command, { stdin: "" });
      expect([ended.code, ended.stderr]).toEqual([0, ""]);
      expect(readFileSync(join(scene.home.home, "ran.txt"), "utf8")).toBe("ran\n");
      expect(asked(scene).map(({ status }) => status)).toEqual([200, 401, 200]);
      expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
      // The prompt was in the session already, and is not given again.
      expect(stage.said.at(-1)?.split("say hello")).toHaveLength(2);
      if (format === "text") expect(ended.stdout).toBe("done\n");
      else expect(ended.stdout.trim().split("\n").at(-1)).toContain('"result":"done"');
    },
  );

  it("is repeated from its start where nothing was done yet", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const ended = await scene.job(RESUME, HELLO);
    expect([ended.code, ended.stdout]).toEqual([0, "Hello from the sandbox.\n"]);
  });

  it("does not go on where its session is not kept", async () => {
    const { stage, reply } = interrupted();
    const scene = await openJobScene("2.1.104", { reply });
    stage.sandbox = scene.sandbox;
    scene.write(scene.sandbox.signIn());
    const ended = await scene.job(RESUME, [...HELLO, ...FREE, "--no-session-persistence"]);
    expect(ended.code).toBe(75);
    expect(asked(scene).map(({ status }) => status)).toEqual([200, 401]);
  });

  claudeTest("2.1.104", "goes on once, and does nothing twice", async (build) => {
    const { stage, reply } = interrupted();
    const scene = withJobs(
      await openScene({ build, sandbox: { reply: (r) => (r.tools.length > 0 ? reply(r) : "ok") } }),
      "exit 1",
    );
    stage.sandbox = scene.sandbox;
    scene.write(scene.sandbox.signIn());
    const command = [...build.command, "-p", "say hello", "--allowedTools", "Bash"];
    const ended = await scene.job(RESUME, command);
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, "done\n", ""]);
    expect(readFileSync(join(scene.home.home, "ran.txt"), "utf8")).toBe("ran\n");
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  });
});
