import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import type { Fingerprint } from "../../src/core/credential.ts";
import type { LoginStatus } from "../../src/core/login-status.ts";
import { type ClaudeOptions, createClaude } from "../../src/orchestrator.ts";
import { claudeThrough, type Ports } from "../../src/orchestrator/create-claude.ts";
import { queueOf } from "../../src/orchestrator/queue.ts";
import { credentialOf, startSupervised } from "../../src/orchestrator/supervised.ts";
import { startSandbox } from "../../src/sandbox/index.ts";

const KEY = "sk-ant-api03-TEST-key";
const OPTIONS = { apiKey: KEY, model: "claude-haiku-5-5", retry: { attempts: 1 } };

/** A server of the API that answers so. */
async function serverOf(answer: RequestListener): Promise<ClaudeOptions> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { ...OPTIONS, env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` } };
}

const START = `event: message_start\ndata: ${JSON.stringify({
  type: "message_start",
  message: { id: "m", type: "message", role: "assistant", model: "m", content: [], usage: {} },
})}\n\n`;

function failing(type: string): string {
  return `event: error\ndata: ${JSON.stringify({ type: "error", error: { type, message: "TEST" } })}\n\n`;
}

describe("an API that fails in the middle", () => {
  it.each<[string, (send: (text: string) => void, drop: () => void) => void, string]>([
    ["is overloaded", (send) => send(START + failing("overloaded_error")), "overloaded"],
    ["breaks", (send) => send(START + failing("api_error")), "api_unavailable"],
    ["hangs up", (send, drop) => (send(START), setTimeout(drop, 50)), "network_unavailable"],
    ["ends too early", (send, drop) => (send(START), drop()), "network_unavailable"],
  ])("%s: that has a code, and is asked again", async (_what, answer, code) => {
    let asked = 0;
    const options = await serverOf((_request, response) => {
      asked += 1;
      response.writeHead(200, { "content-type": "text/event-stream" });
      answer(
        (text) => response.write(text),
        () => response.destroy(),
      );
      if (code !== "network_unavailable") response.end();
    });
    const claude = createClaude({ ...options, retry: { attempts: 2 } });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({ code, isRetryable: true });
    expect(asked).toBe(2);
  });

  it("is a portal that answers 200 with a page", async () => {
    const options = await serverOf((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>sign in</html>");
    });
    await expect(createClaude(options).ask({ prompt: "?" })).rejects.toMatchObject({
      code: "network_unavailable",
    });
  });

  it("quotes the key, which nobody repeats", async () => {
    const options = await serverOf((_request, response) => {
      const error = { type: "invalid_request_error", message: `TEST ${KEY}` };
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ type: "error", error }));
    });
    const error = await createClaude(options)
      .ask({ prompt: "?" })
      .catch((thrown: unknown) => thrown);
    expect(String((error as Error).stack)).not.toContain(KEY);
    expect(String(error)).toContain("[secret]");
  });
});

describe("what is odd is refused before anything is sent", () => {
  const env = { ANTHROPIC_BASE_URL: "http://127.0.0.1:1" };
  it.each<[string, ClaudeOptions, string]>([
    ["a key in two lines", { apiKey: "sk-ant-api03-TEST\nTEST", env }, "wrong_credential"],
    ["a token in quotes", { apiKey: '"sk-ant-oat01-TEST"', env }, "wrong_credential"],
    [
      "a copied header",
      { env: { ...env, ANTHROPIC_AUTH_TOKEN: "Bearer sk-ant-oat01-TEST" } },
      "wrong_credential",
    ],
    [
      "headers of one's own",
      { apiKey: KEY, env: { ...env, ANTHROPIC_CUSTOM_HEADERS: "Authorization: Bearer TEST" } },
      "wrong_credential",
    ],
    ["a profile of another environment", { profile: "work", env }, "config_invalid"],
    ["an auth that is none", { auth: "Subscription" as never, env }, "usage"],
    ["a backend that is none", { backend: "CLI" as never, env }, "usage"],
    ["tries without an end", { retry: { attempts: Number.NaN }, env }, "usage"],
    ["a budget that is no number", { retry: { budgetMs: Number.NaN }, env }, "usage"],
  ])("%s", (_what, options, code) => {
    expect(() => createClaude(options)).toThrow(expect.objectContaining({ code }));
  });

  it.each<[string, object]>([
    ["a session that is an option", { session: "--debug-file=/tmp/TEST" }],
    ["a tool that is an option", { tools: ["--settings"] }],
    ["a time that is none", { timeoutMs: Number.NaN }],
    ["a schema of a date", { schema: z.object({ day: z.date() }) }],
    ["a schema that is none", { schema: null }],
    ["a schema of a list, for the API", { schema: { type: "array" } }],
  ])("%s", async (_what, more) => {
    const claude = createClaude({ ...OPTIONS, env });
    await expect(claude.ask({ prompt: "?", ...more })).rejects.toMatchObject({ code: "usage" });
  });

  it("a blank option is none", () => {
    const blank = createClaude({ apiKey: " ", env: { ANTHROPIC_API_KEY: KEY } });
    expect(blank.plan().reason).toContain("ANTHROPIC_API_KEY");
    expect(createClaude({ apiKey: "", env: {} }).plan().backend).toBe("cli");
    expect(
      createClaude({ ...OPTIONS, env, retry: { attempts: undefined as never } }).plan(),
    ).toBeDefined();
  });
});

describe("an ask", () => {
  it("that waits leaves the line at once, however early it is called off", async () => {
    const queue = queueOf(1);
    const busy = Promise.withResolvers<void>();
    const never = new AbortController().signal;
    const first = queue.add(() => busy.promise, { signal: never, key: undefined });
    const terms = { signal: AbortSignal.abort(new Error("enough")), key: undefined };
    await expect(queue.add(() => Promise.resolve(), terms)).rejects.toThrow("enough");
    expect(queue.counts()).toEqual({ running: 1, waiting: 0 });
    busy.resolve();
    await first;
  });

  it("ends when its listener's promise rejects", async () => {
    const server = await startSandbox();
    onTestFinished(() => server.stop());
    const claude = createClaude({ ...OPTIONS, env: { ANTHROPIC_BASE_URL: server.url } });
    const onEvent = () => Promise.reject(new Error("of the listener"));
    await expect(claude.ask({ prompt: "?", onEvent })).rejects.toThrow("of the listener");
    expect(await claude.metrics()).toContain('code="cancelled"} 1');
  });

  it("may take longer than a timer can tell", async () => {
    const server = await startSandbox();
    onTestFinished(() => server.stop());
    const claude = createClaude({ ...OPTIONS, env: { ANTHROPIC_BASE_URL: server.url } });
    for (const timeoutMs of [2 ** 31, Infinity]) {
      expect((await claude.ask({ prompt: "?", timeoutMs })).text).not.toBe("");
    }
  });

  it("takes no silence for an answer", async () => {
    const server = await startSandbox({ reply: () => " " });
    onTestFinished(() => server.stop());
    const claude = createClaude({ ...OPTIONS, env: { ANTHROPIC_BASE_URL: server.url } });
    await expect(claude.ask({ prompt: "?" })).rejects.toMatchObject({ code: "silent_exit" });
    expect(claude.health().isWell).toBe(true);
  });
});

describe("a supervised run", () => {
  const supervision = {
    auth: "subscription",
    setting: "claude",
    claude: ["claude"],
    login: null,
    env: {},
  } as const;

  it("that the system cannot start is over, and says why", async () => {
    const pilotlight = ["/no/such/pilotlight"] as const;
    const run = startSupervised({ ...supervision, pilotlight, cwd: tmpdir() }, "safe", []);
    expect(await run.ended).toBeNull();
    expect(run.stderr()).toContain("ENOENT");
  });

  it("is refused where its directory is missing, and for words that no system takes", () => {
    const pilotlight = ["/bin/true"] as const;
    const start = (cwd: string, word: string) => () =>
      startSupervised({ ...supervision, pilotlight, cwd }, "safe", [word]);
    expect(start("/no/such", "")).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(start(tmpdir(), "a\0b")).toThrow(expect.objectContaining({ code: "usage" }));
    expect(start(tmpdir(), "x".repeat(4 * 1024 * 1024))).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  });

  it("keeps what it said first, and last", async () => {
    const script = `echo 'pilotlight: the job uses claude-file (subscription)' >&2
      i=0; while [ $i -lt 4000 ]; do echo 'a warning of somebody' >&2; i=$((i+1)); done; echo last >&2`;
    const pilotlight = ["/bin/sh", "-c", script] as const;
    const env = { PATH: process.env["PATH"] };
    const run = startSupervised({ ...supervision, env, pilotlight, cwd: tmpdir() }, "safe", []);
    await run.ended;
    expect(credentialOf(run.stderr()).source).toBe("claude-file");
    expect(run.stderr()).toMatch(/last\n$/);
  });
});

/** An Agent SDK whose stream does this once it has started Claude Code. */
function sdkOf(stream: (gone: Promise<void>) => AsyncGenerator) {
  return {
    query({ options }: { readonly options: Record<string, unknown> }) {
      const spawn = options["spawnClaudeCodeProcess"] as (request: object) => {
        once(name: "exit", listener: () => void): void;
      };
      const child = spawn({ args: [], env: { PATH: process.env["PATH"] } });
      return stream(new Promise((resolve) => child.once("exit", resolve)));
    },
  };
}

/** A login whose token can be looked at, and renewed. */
function loginOf(tokens: { now: string; renewals: number }): Ports["openLogin"] {
  const statusOf = () =>
    ({ accessToken: { fingerprint: tokens.now as Fingerprint } }) as unknown as LoginStatus;
  return () =>
    Promise.resolve({
      status: () => Promise.resolve(statusOf()),
      refresh: () => {
        tokens.renewals += 1;
        tokens.now = `sha256:${tokens.renewals}`;
        return Promise.resolve();
      },
      reject: () => Promise.resolve(true),
    });
}

const SDK_OPTIONS: ClaudeOptions = {
  backend: "agent-sdk",
  auth: "subscription",
  ownUse: true,
  claude: "/bin/sh",
  cwd: tmpdir(),
  env: { PATH: process.env["PATH"] },
};

describe("the Agent SDK", () => {
  it("that never ends its stream is not waited for, nor one that leaves Claude Code behind", async () => {
    const tokens = { now: "sha256:0", renewals: 0 };
    const endless = sdkOf(async function* (gone) {
      await gone;
      await new Promise(() => undefined);
      yield null;
    });
    const quick = sdkOf(async function* () {
      yield null;
    });
    for (const agentSdk of [endless, quick]) {
      const pilotlight = ["/bin/sh", "-c", "exec sleep 30"] as const;
      const ports: Ports = { pilotlight, openLogin: loginOf(tokens) };
      const claude = claudeThrough(ports, { ...SDK_OPTIONS, agentSdk });
      const started = performance.now();
      const asked = claude.ask({ prompt: "?", timeoutMs: 500 });
      await expect(asked).rejects.toMatchObject({ code: "timed_out" });
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(claude.health().running).toBe(0);
    }
  }, 40_000);

  it("has a rejected token renewed once, whoever meets it, and later a good one left alone", async () => {
    const tokens = { now: "sha256:0", renewals: 0 };
    const agentSdk = sdkOf(async function* (gone) {
      await gone;
      yield null;
    });
    const line = "pilotlight: auth_rejected: TEST: TEST. The next run renews it";
    const pilotlight = ["/bin/sh", "-c", `sleep 0.1; echo '${line}' >&2; exit 77`] as const;
    const ports: Ports = { pilotlight, openLogin: loginOf(tokens) };
    const claude = claudeThrough(ports, { ...SDK_OPTIONS, agentSdk, retry: { attempts: 2 } });
    const ends = await Promise.allSettled([
      claude.ask({ prompt: "a" }),
      claude.ask({ prompt: "b" }),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(tokens.renewals).toBe(1);
  }, 30_000);
});
