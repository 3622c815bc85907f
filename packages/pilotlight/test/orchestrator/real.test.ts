import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import {
  type AskEvent,
  type Backend,
  type ClaudeOptions,
  createClaude,
} from "../../src/orchestrator.ts";
import type { Reply } from "../../src/sandbox/index.ts";
import { openScene, type Scene } from "../e2e/support/scene.ts";
import { agentSdk, type ClaudeBuild } from "../support/claude-builds.ts";
import { claudeTest } from "../support/claude-test.ts";

const SDK = agentSdk();
const sum = z.object({ sum: z.int() });

/** Uses the tool by which Claude Code takes a structured value, once. */
const reply: Reply = ({ tools, messages }) => {
  const names = (tools as readonly { readonly name: string }[]).map(({ name }) => name);
  const isFirst = !messages.some((message) => (message as { role?: unknown }).role === "assistant");
  return names.includes("StructuredOutput") && isFirst
    ? [{ type: "tool_use", name: "StructuredOutput", input: { sum: 4 } }]
    : "Four.";
};

async function claudeIn(build: ClaudeBuild, backend: Backend, more: ClaudeOptions = {}) {
  const scene = await openScene({ build, sandbox: { reply } });
  scene.write(scene.sandbox.signIn());
  const sdk =
    SDK === null ? {} : { agentSdk: (await import(SDK)) as NonNullable<ClaudeOptions["agentSdk"]> };
  const options = { env: scene.env, cwd: scene.home.home, backend, ownUse: true, ...sdk, ...more };
  return { scene, claude: createClaude(options) };
}

/** What the requests to the model carried, each kind once. */
function carriedIn({ sandbox }: Scene): readonly string[] {
  const asked = sandbox.requests().filter(({ path }) => path.startsWith("/v1/messages"));
  const kinds = asked.map(({ fingerprints: { bearer, apiKey }, userAgent }) =>
    [bearer, apiKey, (userAgent ?? "").split("/")[0]].join(" "),
  );
  return [...new Set(kinds)];
}

describe.each(["cli", "agent-sdk"] as const)("through %s", (backend) => {
  for (const version of ["2.1.329", "2.1.104"] as const) {
    claudeTest(
      version,
      `${backend} answers, goes on, and gives values of a schema`,
      async (build) => {
        const { scene, claude } = await claudeIn(build, backend, { auth: "subscription" });
        const events: AskEvent[] = [];
        const first = await claude.ask({
          prompt: "two and two",
          onEvent: (event) => void events.push(event),
        });
        expect(first).toMatchObject({
          text: "Four.",
          backend,
          auth: "subscription",
          credential: "oauth",
          source: "claude-file",
          stopReason: "end_turn",
          turns: 1,
          attempts: 1,
        });
        expect(events).toEqual([{ kind: "text", text: "Four." }]);
        expect(first.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
        expect(first.costUsd).toBeGreaterThan(0);
        const session = first.sessionId ?? "";
        const second = await claude.ask({ prompt: "again", session });
        expect(second.sessionId).toBe(session);
        const third = await claude.ask({ prompt: "two and two", schema: sum });
        expect(third.value?.sum).toBe(4);
        const [login] = scene.sandbox.logins();
        expect(carriedIn(scene)).toEqual([`${login?.accessToken}  claude-cli`]);
      },
    );

    claudeTest(version, `${backend} bears an early revocation`, async (build) => {
      const { scene, claude } = await claudeIn(build, backend, { auth: "subscription" });
      scene.sandbox.revokeAccess();
      expect((await claude.ask({ prompt: "two and two" })).text).toBe("Four.");
      expect(scene.sandbox.tokenPosts()).toHaveLength(1);
    });
  }

  claudeTest("2.1.329", `${backend} uses a key alone where that is asked for`, async (build) => {
    const more = { auth: "api-key", apiKey: "sk-ant-api03-TEST-key" } as const;
    const { scene, claude } = await claudeIn(build, backend, more);
    expect(await claude.ask({ prompt: "two and two" })).toMatchObject({
      text: "Four.",
      auth: "api-key",
      credential: "api-key",
      source: "ANTHROPIC_API_KEY",
    });
    expect(carriedIn(scene)).toEqual([` ${fingerprintOf("sk-ant-api03-TEST-key")} claude-cli`]);
  });

  claudeTest("2.1.329", `${backend} tells of a dead login`, async (build) => {
    const { scene, claude } = await claudeIn(build, backend, { auth: "subscription" });
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.endLogin();
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({
      code: "login_ended",
      backend,
    });
  });

  claudeTest("2.1.329", `${backend} ends Claude Code when it is called off`, async (build) => {
    const { scene, claude } = await claudeIn(build, backend, { auth: "subscription" });
    scene.sandbox.fault({ name: "messages-529", delayMs: 20_000 });
    const asked = claude.ask({ prompt: "?", timeoutMs: 4000 });
    await expect(asked).rejects.toMatchObject({ code: "timed_out" });
    expect(claude.health()).toMatchObject({ running: 0 });
  });
});

it("has the Agent SDK to try", () => {
  if (process.env["PILOTLIGHT_REQUIRE_ALL"] === "1") expect(SDK).not.toBeNull();
});
