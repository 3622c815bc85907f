import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { STAND_IN_VERSIONS } from "../../../src/sandbox/stand-in/build-behaviour.ts";
import { HELLO, inMidGrant, locksOf, openStage } from "./a-stand-in.ts";

describe("the stand-in knows a sandbox and nobody else", () => {
  it.each([
    ["nothing", ""],
    ["another host", "http://example.com:80/v1/oauth/token"],
    ["https", "https://127.0.0.1:443/v1/oauth/token"],
    ["a name that could lead anywhere", "http://localhost:8080/v1/oauth/token"],
    ["a host that only begins so", "http://127.0.0.1.example.com:80/v1/oauth/token"],
    ["a user before the host", "http://127.0.0.1:80@example.com:80/v1/oauth/token"],
  ])("it refuses %s as its address", async (_, address) => {
    const stage = await openStage("2.1.329");
    stage.write(stage.sandbox.signIn());
    const { code, stdout, stderr } = await stage.run(HELLO, { PILOTLIGHT_TOKEN_URL: address });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("stand-in for rehearsals");
    expect(stage.sandbox.requests()).toEqual([]);
  });

  it("sends no token that a sandbox cannot have issued", async () => {
    const stage = await openStage("2.1.329");
    const { claudeAiOauth } = stage.sandbox.signIn();
    // Not a token, but not marked as an invented one either.
    const accessToken = claudeAiOauth.accessToken.replace("TEST", "REAL");
    stage.write({ claudeAiOauth: { ...claudeAiOauth, accessToken } });
    const { code, stderr } = await stage.run(HELLO);
    expect(code).toBe(1);
    expect(stderr).toContain("tokens of a sandbox only");
    expect(stderr).not.toContain(accessToken);
    expect(stage.sandbox.requests()).toEqual([]);
  });

  it("looks at no proxy variable", async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(502).end();
    });
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const stage = await openStage("2.1.329");
    stage.write(stage.sandbox.signIn());
    const env = { HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url, NO_PROXY: "", no_proxy: "" };
    expect(await stage.run(HELLO, env)).toMatchObject({ code: 0 });
    expect(seen).toEqual([]);
  });

  it("refuses a build it cannot play", async () => {
    const stage = await openStage("2.1.329");
    const { code, stderr } = await stage.run(HELLO, { PILOTLIGHT_STAND_IN: "2.1.216" });
    expect(code).toBe(1);
    expect(stderr).toContain("2.1.104, 2.1.329");
  });
});

describe.each(STAND_IN_VERSIONS)("the stand-in as %s", (version) => {
  it("five at once on an expired token spend it once and all succeed", async () => {
    const stage = await openStage(version);
    stage.write(stage.sandbox.signIn({ accessTokenLife: 0 }));
    stage.sandbox.fault({ name: "token-slow", delayMs: 500, rotateAt: "start" });
    const runs = await Promise.all(Array.from({ length: 5 }, () => stage.run(HELLO)));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(stage.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expect(locksOf(stage)).toEqual([]);
  });

  it("uses a swapped file in the next turn of a session", async () => {
    const stage = await openStage(version);
    const [first, second] = [stage.sandbox.signIn(), stage.sandbox.signIn()];
    stage.write(first);
    const events = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"];
    const running = stage.start(["-p", ...events]);
    const turn = (content: string) =>
      running.child.stdin?.write(
        `${JSON.stringify({ type: "user", message: { role: "user", content } })}\n`,
      );
    turn("one");
    await vi.waitFor(() => expect(running.stdout()).toContain('"type":"result"'), 20_000);
    stage.write(second);
    turn("two");
    running.child.stdin?.end();
    expect(await running.ended).toMatchObject({ code: 0 });
    const bearers = stage.sandbox.requests().map(({ fingerprints }) => fingerprints.bearer);
    expect(bearers).toEqual(
      [first, second].map(({ claudeAiOauth }) => fingerprintOf(claudeAiOauth.accessToken)),
    );
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGINT", 0],
  ] as const)("%s in mid-grant loses the rotation and leaves no lock", async (signal, code) => {
    const stage = await openStage(version);
    const { child, ended } = await inMidGrant(stage, 10_000);
    const before = stage.stored().refreshToken;
    child.kill(signal);
    expect(await ended).toMatchObject({ code, stdout: "" });
    expect(stage.stored().refreshToken).toBe(before);
    expect(stage.sandbox.grants().refreshes).toBe(1);
    // The real 2.1.329 forgets its owner file too.
    expect(locksOf(stage).filter((name) => !name.endsWith(".owner"))).toEqual([]);
  });

  it("sends what apiKeyHelper prints in both headers", async () => {
    const stage = await openStage(version);
    stage.write(stage.sandbox.signIn());
    writeFileSync(
      join(stage.home.configDir, "settings.json"),
      JSON.stringify({ apiKeyHelper: "echo sk-ant-api03-TESThelped" }),
    );
    expect(await stage.run(HELLO)).toMatchObject({ code: 0 });
    const helped = fingerprintOf("sk-ant-api03-TESThelped");
    expect(stage.sandbox.requests()).toMatchObject([
      { fingerprints: { bearer: helped, apiKey: helped } },
    ]);
  });

  it("lets the env of settings.json win over its environment", async () => {
    const stage = await openStage(version);
    const { claudeAiOauth } = stage.sandbox.signIn();
    writeFileSync(
      join(stage.home.configDir, "settings.json"),
      JSON.stringify({ env: { CLAUDE_CODE_OAUTH_TOKEN: claudeAiOauth.accessToken } }),
    );
    const env = { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TESTdead" };
    expect(await stage.run(HELLO, env)).toMatchObject({ code: 0 });
  });

  it("goes on without stdin when nothing comes of it", async () => {
    const stage = await openStage(version);
    stage.write(stage.sandbox.signIn());
    const { ended } = stage.start(HELLO);
    expect(await ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no stdin data"),
    });
  });

  it("refreshes again in a later turn of the same session", async () => {
    const stage = await openStage(version, { accessTokenLife: 302 });
    stage.write(stage.sandbox.signIn());
    const events = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"];
    const running = stage.start(["-p", ...events]);
    const results = () => running.stdout().split('"type":"result"').length - 1;
    for (const turn of [1, 2, 3]) {
      const event = { type: "user", message: { role: "user", content: `turn ${turn}` } };
      running.child.stdin?.write(`${JSON.stringify(event)}\n`);
      await vi.waitFor(() => expect(results()).toBe(turn), 20_000);
      await new Promise((resolve) => setTimeout(resolve, 2_100));
    }
    running.child.stdin?.end();
    expect(await running.ended).toMatchObject({ code: 0 });
    // Three where the machine is so slow that the first turn comes after the mark.
    expect(stage.sandbox.grants().refreshes).toBeGreaterThanOrEqual(2);
    expect(stage.sandbox.grants().reuses).toBe(0);
  });

  it("writes a file when the model asks for it and the tool is allowed", async () => {
    const stage = await openStage(version, {
      reply: ({ messages }) =>
        JSON.stringify(messages).includes("tool_result")
          ? "done"
          : [{ type: "tool_use", name: "Write", input: { file_path: "out.txt", content: "x" } }],
    });
    stage.write(stage.sandbox.signIn());
    const out = join(stage.home.home, "out.txt");
    expect(await stage.run(HELLO)).toMatchObject({ code: 0 });
    expect(existsSync(out)).toBe(false);
    expect(await stage.run([...HELLO, "--allowedTools", "Write"])).toMatchObject({ code: 0 });
    expect(existsSync(out)).toBe(true);
  });
});
