import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ProxyAgent, fetch as proxiedFetch } from "undici";
import { type Sandbox, startSandbox } from "../../src/sandbox/index.ts";
import { isolatedHome } from "../support/isolated.ts";

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox();
});

afterEach(() => sandbox.stop());

function refreshBody(refreshToken: string): string {
  return JSON.stringify({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: "c",
  });
}

function refresh(refreshToken: string): Promise<Response> {
  return fetch(sandbox.tokenUrl, { method: "POST", body: refreshBody(refreshToken) });
}

/** Fetches through the proxy as a client does that trusts nothing but the sandbox's certificate. */
async function throughProxy(url: string, init: { method?: string; body?: string } = {}) {
  const ca = readFileSync(sandbox.caFile, "utf8");
  const dispatcher = new ProxyAgent({ uri: sandbox.proxyUrl, requestTls: { ca } });
  try {
    const response = await proxiedFetch(url, { ...init, dispatcher });
    return { status: response.status, text: await response.text() };
  } finally {
    await dispatcher.destroy();
  }
}

/** Sends raw bytes to a port of ours and reads the first line of the answer. */
function firstLine(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => void socket.write(text));
    socket.setEncoding("utf8").once("data", (data) => {
      resolve(String(data).split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("the direct face", () => {
  it("serves the token endpoint over plain HTTP and counts the grant", async () => {
    const { refreshToken } = sandbox.signIn().claudeAiOauth;
    expect((await refresh(refreshToken)).status).toBe(200);
    expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0, familiesRevoked: 0 });
    expect((await refresh(refreshToken)).status).toBe(400);
    expect(sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 1, familiesRevoked: 1 });
  });

  it("closes the connection where a fault says so, having rotated", async () => {
    sandbox.fault({ name: "token-rotate-then-drop", times: 1 });
    await expect(refresh(sandbox.signIn().claudeAiOauth.refreshToken)).rejects.toThrow(TypeError);
    expect(sandbox.grants().refreshes).toBe(1);
    expect(sandbox.tokenPosts()).toMatchObject([
      { status: null, state: "dropped", fault: "token-rotate-then-drop" },
    ]);
  });

  it("rotates although the client has gone, as a server does", async () => {
    sandbox.fault({ name: "token-slow", delayMs: 150 });
    const body = refreshBody(sandbox.signIn().claudeAiOauth.refreshToken);
    const signal = AbortSignal.timeout(30);
    await expect(fetch(sandbox.tokenUrl, { method: "POST", body, signal })).rejects.toThrow();
    expect(sandbox.grants().refreshes).toBe(0);
    await expect.poll(() => sandbox.grants().refreshes).toBe(1);
  });

  it.each(["evil.example:PORT", "127.0.0.1:1", "localhost"])(
    "refuses the Host %s with 421",
    async (host) => {
      const { port } = new URL(sandbox.url);
      const status = await new Promise((resolve, reject) => {
        const headers = { host: host.replace("PORT", port) };
        const options = { port, host: "127.0.0.1", path: "/_sandbox/state", headers };
        httpRequest(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .once("error", reject)
          .end();
      });
      expect(status).toBe(421);
    },
  );
});

describe("the proxy", () => {
  it("answers for Claude Code's hosts with certificates its own authority signed", async () => {
    const { refreshToken } = sandbox.signIn().claudeAiOauth;
    const url = "https://platform.claude.com/v1/oauth/token";
    const answer = await throughProxy(url, { method: "POST", body: refreshBody(refreshToken) });
    expect(answer.status).toBe(200);
    for (const host of ["api.anthropic.com", "claude.ai", "claude.com"])
      expect((await throughProxy(`https://${host}/nothing`)).status).toBe(404);
    const hosts = sandbox.requests().map(({ face, host }) => `${face} ${host}`);
    expect(hosts).toEqual([
      "proxy platform.claude.com",
      "proxy api.anthropic.com",
      "proxy claude.ai",
      "proxy claude.com",
    ]);
  });

  it("is not trusted by a client without the certificate", async () => {
    const dispatcher = new ProxyAgent(sandbox.proxyUrl);
    await expect(proxiedFetch("https://claude.ai/", { dispatcher })).rejects.toThrow(TypeError);
    await dispatcher.destroy();
    expect(sandbox.requests()).toEqual([]);
  });

  it("gives each host a certificate for that host alone", async () => {
    const ca = readFileSync(sandbox.caFile, "utf8");
    const names = await new Promise((resolve, reject) => {
      const head = "CONNECT claude.ai:443 HTTP/1.1\r\nHost: claude.ai:443\r\n\r\n";
      const socket = connect(Number(new URL(sandbox.proxyUrl).port), "127.0.0.1", () => {
        socket.write(head);
        socket.once("data", () => {
          const secure = tlsConnect({ socket, ca, servername: "claude.ai" }, () => {
            resolve(secure.getPeerCertificate().subjectaltname);
            secure.destroy();
          });
          secure.once("error", reject);
        });
      });
    });
    expect(names).toBe("DNS:claude.ai");
  });

  it.each([
    "example.com:443",
    "api.anthropic.com:80",
    "api.anthropic.com.example.com:443",
    "127.0.0.1:443",
    "console.anthropic.com:443",
  ])("refuses a tunnel to %s and logs it", async (target) => {
    const line = await firstLine(
      sandbox.proxyUrl,
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`,
    );
    expect(line).toBe("HTTP/1.1 403 Forbidden");
    expect(sandbox.requests()).toMatchObject([
      { face: "proxy", method: "CONNECT", host: target, status: 403 },
    ]);
  });

  it.each(["http://example.com/x", "http://api.anthropic.com/v1/messages"])(
    "refuses the plain request %s and logs it",
    async (target) => {
      const line = await firstLine(sandbox.proxyUrl, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(line).toBe("HTTP/1.1 403 Forbidden");
      const { host } = new URL(target);
      expect(sandbox.requests()).toMatchObject([{ method: "GET", host, status: 403 }]);
    },
  );

  it("keeps the controls out of the tunnels", async () => {
    const answer = await throughProxy("https://claude.ai/_sandbox/state");
    expect(answer.status).toBe(404);
    expect(answer.text).toContain("direct face");
  });
});

describe("the log", () => {
  it("names tokens by fingerprints and holds none, wherever a client put one", async () => {
    const { accessToken, refreshToken } = sandbox.signIn().claudeAiOauth;
    const headers = { authorization: `Bearer ${accessToken}`, "x-api-key": "sk-ant-api03-TESTkey" };
    await fetch(`${sandbox.url}/${accessToken}?t=${accessToken}`, {
      headers: { ...headers, "user-agent": `x ${accessToken}` },
    });
    await refresh(refreshToken);
    const odd = { grant_type: refreshToken, refresh_token: 7 };
    await fetch(sandbox.tokenUrl, { method: "POST", body: JSON.stringify(odd) });
    await firstLine(sandbox.proxyUrl, `CONNECT ${accessToken}:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
    const [first, second] = sandbox.requests();
    const fingerprint = expect.stringMatching(/^sha256:[0-9a-f]{8}$/);
    expect(first?.credentialHeaders).toEqual(["authorization", "x-api-key"]);
    expect(first?.fingerprints).toEqual({
      bearer: fingerprint,
      apiKey: fingerprint,
      refreshToken: null,
    });
    expect(second?.fingerprints.refreshToken).toEqual(fingerprint);
    expect(sandbox.requests()).toHaveLength(4);
    const shown = JSON.stringify([sandbox.requests(), sandbox.state()]);
    expect(shown).not.toMatch(/sk-ant-/i);
    expect(shown).not.toContain(accessToken.slice(20, 60));
  });
});

describe("the control API", () => {
  async function control(path: string, body?: string, headers: Record<string, string> = {}) {
    const url = `${sandbox.url}/_sandbox/${path}`;
    const response = await fetch(url, { method: "POST", headers, ...(body && { body }) });
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      type,
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  it("does everything a program in this process can do", async () => {
    const { status, body } = await control("sign-in", JSON.stringify({ accessTokenLife: 60 }));
    expect(status).toBe(200);
    const { accessToken, refreshToken } = body["claudeAiOauth"] as Record<string, string>;
    expect(await control("fault", `{"name":"token-500","times":1}`)).toMatchObject({ status: 200 });
    expect(sandbox.faults()).toEqual([{ name: "token-500", times: 1 }]);
    await control("clear");
    expect(sandbox.faults()).toEqual([]);
    await control("revoke", JSON.stringify({ accessToken }));
    expect(sandbox.logins()).toMatchObject([{ access: "revoked", state: "live" }]);
    await control("end-login", JSON.stringify({ refreshToken }));
    expect(sandbox.logins()).toMatchObject([{ state: "ended" }]);
    const authorizeUrl =
      "https://claude.com/cai/oauth/authorize?code_challenge=c&code_challenge_method=S256&state=s";
    const issued = await control("issue-code", JSON.stringify({ authorizeUrl }));
    expect(issued.body["code"]).toMatch(/#s$/);
    await refresh(String(refreshToken));
    const requests = await fetch(`${sandbox.url}/_sandbox/requests`);
    expect(await requests.json()).toEqual(sandbox.requests());
    const state = await fetch(`${sandbox.url}/_sandbox/state`);
    expect(await state.json()).toEqual(JSON.parse(JSON.stringify(sandbox.state())));
  });

  it.each([
    ["sign-in", "{", 400],
    ["sign-in", "[]", 422],
    ["sign-in", `{"accessTokenLife":-1}`, 422],
    ["sign-in", `{"accessTokenLife":"sk-ant-oat01-TEST"}`, 422],
    ["sign-in", `{"unknown":1}`, 422],
    ["issue-code", `{}`, 422],
    ["issue-code", `{"authorizeUrl":"https://claude.com/?state=s"}`, 422],
    ["revoke", `{"accessToken":7}`, 422],
    ["end-login", `{"refreshToken":""}`, 422],
    ["fault", `{}`, 422],
    ["fault", `{"name":"token-none"}`, 422],
    ["fault", `{"name":"token-500","times":0}`, 422],
    ["fault", `{"name":"token-500","times":1.5}`, 422],
    ["fault", `{"name":"token-hang","delayMs":600001}`, 422],
    ["fault", `{"name":"token-slow","rotateAt":"middle"}`, 422],
    ["clear", `{"all":true}`, 422],
    ["none-such", `{}`, 404],
  ])("answers %s %s with %i and a problem document", async (path, text, status) => {
    const answer = await control(path, text);
    expect(answer.status).toBe(status);
    expect(answer.type).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ type: "about:blank", status, title: expect.any(String) });
    expect(JSON.stringify(answer.body)).not.toContain("sk-ant-");
    expect(sandbox.logins()).toEqual([]);
    expect(sandbox.faults()).toEqual([]);
  });

  it("does not serve pages in a browser", async () => {
    const answer = await control("sign-in", "{}", { origin: "http://127.0.0.1:3000" });
    expect(answer.status).toBe(403);
    expect(sandbox.logins()).toEqual([]);
  });
});

describe("a sandbox", () => {
  it("keeps its certificate in a private folder and tells children everything they need", () => {
    expect(statSync(dirname(sandbox.caFile)).mode & 0o777).toBe(0o700);
    expect(readFileSync(sandbox.caFile, "utf8")).not.toContain("PRIVATE");
    expect(sandbox.env()).toMatchObject({
      HTTPS_PROXY: sandbox.proxyUrl,
      NODE_EXTRA_CA_CERTS: sandbox.caFile,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_ERROR_REPORTING: "1",
    });
  });

  it("listens on 127.0.0.1 only", async () => {
    for (const url of [sandbox.url, sandbox.proxyUrl]) {
      const { port } = new URL(url);
      // The whole of 127/8 is this machine, so a wildcard listener would answer here.
      const other = new Promise((resolve, reject) =>
        connect(Number(port), "127.0.0.2", () => resolve("open")).once("error", reject),
      );
      await expect(other).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  it("stops once and for all: tunnels, hanging requests, sockets and the folder", async () => {
    sandbox.fault({ name: "token-hang" });
    const hanging = expect(refresh(sandbox.signIn().claudeAiOauth.refreshToken)).rejects.toThrow();
    const tunnel = connect(Number(new URL(sandbox.proxyUrl).port), "127.0.0.1");
    tunnel.write("CONNECT claude.ai:443 HTTP/1.1\r\nHost: claude.ai:443\r\n\r\n");
    await new Promise((resolve) => tunnel.once("data", resolve));
    await expect.poll(() => sandbox.tokenPosts()).toHaveLength(1);
    const gone = new Promise((resolve) => tunnel.once("close", resolve));
    await Promise.all([sandbox.stop(), sandbox.stop()]);
    await Promise.all([hanging, gone]);
    expect(existsSync(dirname(sandbox.caFile))).toBe(false);
    await expect(fetch(sandbox.url)).rejects.toThrow(TypeError);
    await sandbox.stop();
  });

  it("does nothing more for a request that was waiting when it stopped", async () => {
    sandbox.fault({ name: "token-slow", delayMs: 100 });
    const waiting = expect(refresh(sandbox.signIn().claudeAiOauth.refreshToken)).rejects.toThrow();
    await expect.poll(() => sandbox.tokenPosts()).toHaveLength(1);
    await sandbox.stop();
    await waiting;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sandbox.grants().refreshes).toBe(0);
  });

  it("is refused a port that is taken", async () => {
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it.each([
    ["lets a program end that forgot to stop it, if asked to", true],
    ["keeps a program alive otherwise", false],
  ])(
    "%s",
    async (_name, unref) => {
      const entry = fileURLToPath(new URL("../../src/sandbox/index.ts", import.meta.url));
      const program = `
      import { connect } from "node:net";
      import { startSandbox } from ${JSON.stringify(entry)};
      const sandbox = await startSandbox({ unref: ${unref} });
      await (await fetch(sandbox.url)).text();
      const idle = connect(Number(new URL(sandbox.proxyUrl).port), "127.0.0.1").unref();
      idle.on("error", () => {});
      sandbox.fault({ name: "token-hang" });
      const body = JSON.stringify({ grant_type: "refresh_token" });
      fetch(sandbox.tokenUrl, { method: "POST", body, signal: AbortSignal.timeout(100) }).catch(() => {});
      console.log(sandbox.caFile);`;
      const home = isolatedHome();
      onTestFinished(() => home.cleanup());
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        stdio: ["ignore", "pipe", "inherit"],
        env: home.env,
      });
      let caFile = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => void (caFile += text));
      const ended = new Promise<"ended">((resolve) => child.once("close", () => resolve("ended")));
      if (unref) {
        expect(await ended).toBe("ended");
        expect(child.exitCode).toBe(0);
        expect(existsSync(dirname(caFile.trim()))).toBe(false);
        return;
      }
      await expect.poll(() => caFile, { timeout: 10_000 }).toContain("ca.pem");
      const waited = new Promise<"alive">((resolve) => setTimeout(() => resolve("alive"), 1000));
      expect(await Promise.race([ended, waited])).toBe("alive");
      child.kill();
      await ended;
    },
    20_000,
  );
});
