import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetch as undiciFetch, ProxyAgent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialOf } from "../../src/claude/credentials-file.ts";
import { systemClock } from "../../src/cli/system-clock.ts";
import { type Credential, pairOf } from "../../src/core/credential.ts";
import type { GrantProcess, RefreshGrant } from "../../src/core/ports.ts";
import { type Fetch, tokenEndpointGrant } from "../../src/oauth/token-endpoint-grant.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/index.ts";
import { durableFiles } from "../../src/stores/durable-files.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";

const SELF: GrantProcess = { pid: process.pid, startedAt: "TEST" };
const real: Fetch = (url, init) => undiciFetch(url, init as never);

let home: IsolatedHome;
let spillFile: string;
const closing: (() => Promise<unknown> | void)[] = [];

beforeEach(() => {
  home = isolatedHome();
  spillFile = join(home.stateDir, "journal", "default.spill.json");
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  home.cleanup();
});

type Options = Partial<Parameters<typeof tokenEndpointGrant>[0]>;

function grantTo(tokenUrl: string, more: Options = {}): RefreshGrant {
  return tokenEndpointGrant({
    tokenUrl,
    clientId: "TEST-client",
    userAgent: "pilotlight/TEST",
    spillFile,
    parseFields: credentialOf,
    fetch: real,
    files: durableFiles(),
    clock: systemClock,
    patience: 10_000,
    self: SELF,
    isAlive: () => false,
    ...more,
  });
}

async function sandbox(): Promise<Sandbox> {
  const started = await startSandbox();
  closing.push(() => started.stop());
  return started;
}

function credentialFrom(fields: object): Credential {
  const entry = credentialOf({ ...fields });
  if (entry.state !== "present") throw new Error("it is a credential");
  return entry.credential;
}

const OLD = credentialFrom({
  accessToken: "sk-ant-oat01-TEST-old",
  refreshToken: "sk-ant-ort01-TEST-old",
  expiresAt: 1,
  scopes: ["user:inference", "user:profile"],
});

/** A server that answers every connection with `answer`, or does with it what `answer` does. */
async function rawServer(
  answer: string | ((socket: Socket, request: string) => void),
): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (data) => {
      requests.push(data.toString());
      if (typeof answer === "string") socket.end(answer);
      else answer(socket, data.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has a port");
  return { url: `http://127.0.0.1:${address.port}/v1/oauth/token`, requests };
}

function http(status: string, body: string, headers = ""): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}connection: close\r\n\r\n${body}`;
}

const ISSUED = JSON.stringify({
  access_token: "sk-ant-oat01-TEST-new",
  refresh_token: "sk-ant-ort01-TEST-new",
  expires_in: 28_800,
  scope: "user:inference",
});

async function spend(grant: RefreshGrant, credential = OLD) {
  await grant.prepare();
  return grant.spend(credential, async () => {});
}

function archived(): string[] {
  return readdirSync(join(home.stateDir, "journal", "archive"));
}

describe("a refresh grant at the token endpoint", () => {
  it("gets a new pair from the sandbox in one request, and asks nobody else", async () => {
    const server = await sandbox();
    const credential = credentialFrom(server.signIn().claudeAiOauth);
    const grant = grantTo(server.tokenUrl);
    const result = await spend(grant, credential);
    if (result.kind !== "issued") throw new Error(JSON.stringify(result));
    expect(pairOf(result.credential).refresh).not.toBe(pairOf(credential).refresh);
    expect(server.logins()[0]).toMatchObject({
      accessToken: result.credential.accessToken?.fingerprint,
      refreshToken: result.credential.refreshToken?.fingerprint,
    });
    expect(server.requests().map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/oauth/token",
    ]);
  });

  it("sends exactly what is documented, under its own name", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    await spend(grantTo(server.url));
    const [head = "", body = ""] = server.requests[0]?.split("\r\n\r\n") ?? [];
    expect(head).toMatch(/^POST \/v1\/oauth\/token HTTP\/1\.1\r\n/);
    expect(head).toMatch(/^user-agent: pilotlight\/TEST$/im);
    expect(head).toMatch(/^content-type: application\/json$/im);
    expect(head).not.toMatch(/^(authorization|cookie|anthropic-beta|x-api-key):/im);
    expect(JSON.parse(body)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "sk-ant-ort01-TEST-old",
      client_id: "TEST-client",
      scope: "user:inference user:profile",
    });
    expect(server.requests).toHaveLength(1);
  });

  it("asks for no scope where none is known", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const { scopes: _, ...fields } = OLD.fields.reveal();
    await spend(grantTo(server.url), credentialFrom(fields));
    expect(server.requests[0]).not.toContain('"scope"');
  });

  it("tells of itself before it sends, and sends nothing when that cannot be written", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const seen: number[] = [];
    const grant = grantTo(server.url);
    await grant.prepare();
    await grant.spend(OLD, async (self) => {
      expect(self).toEqual(SELF);
      seen.push(server.requests.length);
    });
    expect(seen).toEqual([0]);
    const full = async () => {
      throw new Error("no space left");
    };
    await expect(grant.spend(OLD, full)).rejects.toThrow("no space left");
    expect(server.requests).toHaveLength(1);
  });

  it.each(["http://example.com/token", "ftp://127.0.0.1/", "https://a:b@example.com/", "x"])(
    "refuses %s before anything else",
    (url) => {
      expect(() => grantTo(url)).toThrowError(expect.objectContaining({ code: "config_invalid" }));
    },
  );
});

describe("the spill", () => {
  it("has the answer on disk, 0600, before it is parsed", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const parseFields = () => {
      throw new Error("a bug in the parser");
    };
    await expect(spend(grantTo(server.url, { parseFields }))).rejects.toThrow("a bug");
    expect(readFileSync(spillFile, "utf8")).toContain("sk-ant-ort01-TEST-new");
    expect(statSync(spillFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(home.stateDir, "journal")).mode & 0o777).toBe(0o700);
    // A mended Pilotlight finds it.
    const remains = await grantTo(server.url).inspect(pairOf(OLD), null, 0);
    if (remains.kind !== "issued") throw new Error(remains.kind);
    expect(remains.credential.refreshToken?.secret.reveal()).toBe("sk-ant-ort01-TEST-new");
  });

  it("still gives the answer when the disk has filled up meanwhile", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const files = { ...durableFiles(), write: () => Promise.reject(new Error("ENOSPC")) };
    expect((await spend(grantTo(server.url, { files }))).kind).toBe("issued");
  });

  it("belongs to the pair that was spent, and to no other", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const grant = grantTo(server.url);
    await spend(grant);
    const other = { access: null, refresh: "sha256:00000000" } as const;
    expect(await grant.inspect(other, null, 0)).toEqual({ kind: "unsent" });
    expect(await grant.inspect(pairOf(OLD), null, 0)).toMatchObject({ kind: "issued" });
  });

  it("tells of a rejection", async () => {
    const server = await rawServer(http("400 Bad Request", '{"error":"invalid_grant"}'));
    const grant = grantTo(server.url);
    expect(await spend(grant)).toMatchObject({ kind: "rejected" });
    expect(await grant.inspect(pairOf(OLD), SELF, 0)).toMatchObject({ kind: "rejected" });
  });

  it("is kept, not overwritten, when nobody could make sense of it", async () => {
    const broken = await rawServer(http("200 OK", ISSUED.slice(0, 70)));
    expect(await spend(grantTo(broken.url))).toMatchObject({ code: "in_doubt", spent: "maybe" });
    const server = await rawServer(http("200 OK", ISSUED));
    expect((await spend(grantTo(server.url))).kind).toBe("issued");
    const [name = ""] = archived();
    expect(archived()).toHaveLength(1);
    const kept = join(home.stateDir, "journal", "archive", name);
    expect(readFileSync(kept, "utf8")).toContain("sk-ant-oat01-TEST-new");
    expect(statSync(kept).mode & 0o777).toBe(0o600);
  });

  it("is kept too when it is not even JSON", async () => {
    mkdirSync(join(home.stateDir, "journal"), { recursive: true });
    writeFileSync(spillFile, '{"schema":1,"resp');
    const server = await rawServer(http("200 OK", ISSUED));
    const grant = grantTo(server.url);
    expect(await grant.inspect(pairOf(OLD), SELF, 0)).toEqual({ kind: "nothing" });
    await spend(grant);
    expect(archived()).toHaveLength(1);
  });

  it("is gone after the tidying, which may come twice", async () => {
    const server = await rawServer(http("200 OK", ISSUED));
    const grant = grantTo(server.url);
    await spend(grant);
    await grant.tidy();
    await grant.tidy();
    expect(readdirSync(join(home.stateDir, "journal"))).toEqual(["archive"]);
  });

  it("says cannot_persist, before anything is sent, where its folder cannot be made", async () => {
    writeFileSync(join(home.stateDir, "journal"), "a file in the way");
    const server = await rawServer(http("200 OK", ISSUED));
    const grant = grantTo(server.url);
    const refusal = expect.objectContaining({ code: "cannot_persist" });
    await expect(grant.prepare()).rejects.toThrowError(refusal);
    await expect(grant.spend(OLD, async () => {})).rejects.toThrowError(refusal);
    expect(server.requests).toEqual([]);
  });
});

describe("a request without an answer", () => {
  it("has spent nothing when the connection was refused", async () => {
    const server = await rawServer("");
    await closing.pop()?.();
    expect(await spend(grantTo(server.url))).toMatchObject({
      code: "network_unavailable",
      spent: "no",
      detail: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it.each([
    "ENOTFOUND",
    "EAI_AGAIN",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ])("has spent nothing when no connection was made: %s", async (code) => {
    const cause = Object.assign(new Error("TEST"), { code });
    const error = new TypeError("fetch failed", { cause });
    const grant = grantTo("https://127.0.0.1/", { fetch: () => Promise.reject(error) });
    expect(await spend(grant)).toMatchObject({ code: "network_unavailable", spent: "no" });
  });

  it.each([
    ["refuses the tunnel", "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"],
    ["wants a password", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"],
    ["says nothing", ""],
  ])("has spent nothing when a proxy %s", async (_name, answer) => {
    const server = await rawServer(answer);
    const through = new ProxyAgent(new URL(server.url).origin);
    closing.push(() => through.close());
    const fetch: Fetch = (url, init) => real(url, { ...init, dispatcher: through } as never);
    const grant = grantTo("https://platform.claude.com/v1/oauth/token", { fetch });
    expect(await spend(grant)).toMatchObject({ code: "network_unavailable", spent: "no" });
    expect(server.requests.join("")).not.toContain("sk-ant");
  });

  it("has spent nothing when a real certificate is nobody's", async () => {
    const server = await sandbox();
    const through = new ProxyAgent(server.proxyUrl);
    closing.push(() => through.close());
    const fetch: Fetch = (url, init) => real(url, { ...init, dispatcher: through } as never);
    const grant = grantTo("https://platform.claude.com/v1/oauth/token", { fetch });
    expect(await spend(grant)).toMatchObject({ code: "network_unavailable", spent: "no" });
    expect(server.tokenPosts()).toEqual([]);
  });

  it.each([
    ["is reset", (socket: Socket) => socket.resetAndDestroy()],
    ["is closed", (socket: Socket) => socket.destroy()],
    ["breaks in the head", (socket: Socket) => socket.end("HTTP/1.1 20")],
    [
      "breaks in the body",
      (socket: Socket) =>
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n${ISSUED.slice(0, 40)}`),
    ],
  ])("may have spent it when the connection %s", async (_name, end) => {
    const server = await rawServer((socket) => void end(socket));
    const grant = grantTo(server.url);
    expect(await spend(grant)).toMatchObject({ code: "in_doubt", spent: "maybe" });
    expect(server.requests).toHaveLength(1);
    expect(await grant.inspect(pairOf(OLD), SELF, 0)).toEqual({ kind: "nothing" });
  });

  it("follows no redirect, which has spent nothing", async () => {
    const elsewhere = await rawServer(http("200 OK", ISSUED));
    const server = await rawServer(
      http("307 Temporary Redirect", "", `location: ${elsewhere.url}\r\n`),
    );
    expect(await spend(grantTo(server.url))).toMatchObject({
      code: "endpoint_unavailable",
      spent: "no",
      detail: expect.stringContaining("redirect"),
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it("goes on after our patience: its answer is spilled, and adopted by a look", async () => {
    const server = await rawServer(
      (socket) => void setTimeout(() => socket.end(http("200 OK", ISSUED)), 600),
    );
    const grant = grantTo(server.url, { patience: 50 });
    expect(await spend(grant)).toMatchObject({ code: "refresh_running", spent: "maybe" });
    expect(await grant.inspect(pairOf(OLD), SELF, 0)).toMatchObject({ kind: "running" });
    let remains = await grant.inspect(pairOf(OLD), SELF, 0);
    for (let tries = 0; remains.kind === "running" && tries < 100; tries += 1) {
      await sleep(50);
      remains = await grant.inspect(pairOf(OLD), SELF, 0);
    }
    if (remains.kind !== "issued") throw new Error(remains.kind);
    expect(remains.credential.refreshToken?.secret.reveal()).toBe("sk-ant-ort01-TEST-new");
  });
});

describe("what an earlier run left", () => {
  const OTHER: GrantProcess = { pid: 4_000_000, startedAt: "1" };
  const anywhere = "http://127.0.0.1:9/";

  it("is unsent when no process was ever noted", async () => {
    expect(await grantTo(anywhere).inspect(pairOf(OLD), null, 0)).toEqual({ kind: "unsent" });
  });

  it("is still running while the process that sent it lives", async () => {
    const alive = grantTo(anywhere, { isAlive: ({ pid }) => pid === OTHER.pid });
    expect(await alive.inspect(pairOf(OLD), OTHER, 0)).toMatchObject({ kind: "running" });
  });

  it("is nothing when that process is dead, or is this one without a request", async () => {
    const grant = grantTo(anywhere);
    expect(await grant.inspect(pairOf(OLD), OTHER, 0)).toEqual({ kind: "nothing" });
    expect(await grant.inspect(pairOf(OLD), SELF, 0)).toEqual({ kind: "nothing" });
  });
});
