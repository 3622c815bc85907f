import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import { keepFace, type KeepFaceOptions } from "../../src/http/keep-face.ts";
import { type ServeKeepOptions, type Serving, serveKeep } from "../../src/http/serve-keep.ts";
import { rawConnection } from "./raw-http.ts";
import { kept, smallKeeper, TOKEN } from "./small-keeper.ts";

const open: Serving[] = [];
afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close();
});

type Handler = (request: Request) => Promise<Response>;

async function serve(handler: Handler, options: Partial<ServeKeepOptions> = {}): Promise<Serving> {
  const serving = await serveKeep(handler, { host: "127.0.0.1", port: 0, ...options });
  open.push(serving);
  return serving;
}

/** The whole face on a real port. */
async function serveFace(options: Partial<ServeKeepOptions & KeepFaceOptions> = {}) {
  const keeper = smallKeeper(kept("bot"));
  const port = { now: 0 };
  const address = () => ({ host: "127.0.0.1", port: port.now });
  const face = keepFace(keeper, { address, token: new Secret(TOKEN), ...options });
  const serving = await serve(face, options);
  port.now = serving.port;
  return { keeper, serving, url: `http://127.0.0.1:${serving.port}` };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue() && tries < 500; tries += 1) await sleep(10);
  expect(isTrue()).toBe(true);
}

const ok: Handler = async () => new Response("ok\n");
const get = (path: string, port: number) =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;

describe("a served face", () => {
  it("answers on the port that was free, and on no other Host", async () => {
    const { url, serving } = await serveFace();
    expect(serving).toMatchObject({ address: "127.0.0.1" });
    const answer = await fetch(`${url}/healthz`);
    expect(await answer.json()).toMatchObject({ health: "ok" });
    const connection = await rawConnection(serving.port);
    connection.send(`GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    // The request line stands above Host, so each of them has to be ours.
    connection.send(
      `GET http://evil.example/livez HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\n\r\n`,
    );
    connection.send(
      `GET http://127.0.0.1:${serving.port}/livez HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
    );
    // A Host of digits that is no address cannot even be read as one.
    connection.send(`GET /livez HTTP/1.1\r\nHost: 1x.0.0.1:${serving.port}\r\n\r\n`);
    const statuses: number[] = [];
    while (statuses.length < 4) {
      const answers = await connection.answers(1);
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses).toEqual([421, 421, 421, 400]);
    connection.destroy();
  });

  it("refreshes for whoever has the token, and takes no longer body than 16 KiB", async () => {
    const { url, keeper } = await serveFace();
    const post = (body: string) =>
      fetch(`${url}/api/v1/logins/bot/refresh`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body,
      });
    expect((await post('{"force":true}')).status).toBe(200);
    expect(keeper.asked).toEqual([{ login: "bot", force: true }]);
    const long = await post(" ".repeat(100_000));
    expect([long.status, long.headers.get("connection")]).toEqual([413, "close"]);
  });

  it("sends events over the wire, and notices that a listener has gone", async () => {
    const { url, keeper } = await serveFace({ events: { pause: 10 } });
    const leaving = new AbortController();
    const answer = await fetch(`${url}/events`, { signal: leaving.signal });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('"name":"bot"');
    keeper.known = [kept("other")];
    keeper.change();
    expect((await reader?.read())?.value).toContain('"name":"other"');
    leaving.abort();
    await until(() => keeper.watchers() === 0);
  });

  it("says that the port is taken with the system's own error", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(serve(ok, { port })).rejects.toMatchObject({ code: "EADDRINUSE", port });
    other.close();
    await expect(serve(ok, { host: "192.0.2.1" })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});

describe("a connection", () => {
  it.each([
    ["no HTTP at all", "\u0016\u0003\u0001\r\n\r\n", 400],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      400,
    ],
    [
      "a head longer than 8 KiB",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(9000)}\r\n\r\n`,
      431,
    ],
  ])("with %s is answered and closed", async (_, text, status) => {
    const { port } = await serve(ok);
    const connection = await rawConnection(port);
    connection.send(text);
    await connection.closed();
    const answers = await connection.answers(1);
    expect(answers.map((answer) => answer.status)).toEqual([status]);
  });

  it("gets its answers in order when nonsense follows a request", async () => {
    const { port } = await serve(async () => {
      await sleep(100);
      return new Response("slow\n");
    });
    const connection = await rawConnection(port);
    connection.send(`${get("/", port)}NONSENSE\r\n\r\n`);
    await connection.closed();
    const answers = await connection.answers(2);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, "slow\n"],
      [400, "400 Bad Request\n"],
    ]);
  });

  it("is cut off when nonsense follows a request that never ends", async () => {
    const { port, connections } = await serve(() => new Promise(() => {}), { requestTimeout: 100 });
    const connection = await rawConnection(port);
    connection.send(`${get("/", port)}NONSENSE\r\n\r\n`);
    expect(await connection.closed()).toBe("");
    expect(await connections()).toBe(0);
  });

  it("gets no 100 in the middle of an answer that waits for an earlier one", async () => {
    const { port } = await serve(async ({ method }) => {
      if (method === "GET") await sleep(100);
      return new Response(method);
    });
    const connection = await rawConnection(port);
    const expecting = "Expect: 100-continue\r\nContent-Length: 1";
    connection.send(get("/", port));
    connection.send(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n${expecting}\r\n\r\nx`);
    const answers = await connection.answers(2);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, "GET"],
      [200, "POST"],
    ]);
    connection.destroy();
  });

  it("gets a 100 when it waits for one", async () => {
    const { port } = await serve(async (request) => new Response(await request.text()));
    const connection = await rawConnection(port);
    connection.send(
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    );
    await sleep(50);
    connection.send("x");
    expect(await connection.answers(1)).toMatchObject([{ status: 200, body: "x" }]);
    connection.destroy();
  });

  it.each([
    ["head", "GET / HTTP/1.1\r\nHost:", 408],
    ["body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{", 408],
  ])("that is slow with its %s is closed in time", async (_, text, status) => {
    const limits = { headersTimeout: 150, requestTimeout: 150 };
    const { port } = await serve(async (request) => new Response(await request.text()), limits);
    const connection = await rawConnection(port);
    const started = performance.now();
    connection.send(text);
    await connection.closed();
    expect(performance.now() - started).toBeLessThan(2000);
    const answers = await connection.answers(1);
    expect(answers.map((answer) => answer.status).filter((one) => one !== status)).toEqual([]);
  });

  it("takes so many requests and no more", async () => {
    const { port } = await serve(ok, { maxRequestsPerConnection: 2, keepAliveTimeout: 50 });
    const connection = await rawConnection(port);
    connection.send(get("/", port).repeat(4));
    await connection.closed();
    const answers = await connection.answers(1);
    expect(answers.map(({ status }) => status).slice(0, 2)).toEqual([200, 200]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  });

  it("is refused when there are as many as may be", async () => {
    const { port } = await serve(ok, { maxConnections: 2 });
    const connections = [await rawConnection(port), await rawConnection(port)];
    for (const connection of connections) {
      connection.send(get("/", port));
      await connection.answers(1);
    }
    const refused = await rawConnection(port);
    await refused.closed();
    expect(await refused.answers(1)).toEqual([]);
    for (const connection of connections) connection.destroy();
  });

  it("of an answer that fails is closed without its words", async () => {
    const { port } = await serve(async () => {
      throw new Error("TEST words");
    });
    const connection = await rawConnection(port);
    connection.send(get("/", port));
    const answers = await connection.answers(1);
    expect(answers).toMatchObject([{ status: 500 }]);
    expect(JSON.stringify(answers)).not.toContain("TEST");
    connection.destroy();
  });
});

describe("closing", () => {
  it("leaves an answer under way its time, and takes nobody new", async () => {
    const { port, close } = await serve(
      async () => {
        await sleep(150);
        return new Response("late\n");
      },
      { grace: 5000 },
    );
    const connection = await rawConnection(port);
    const idle = await rawConnection(port);
    idle.send(get("/", port));
    await idle.answers(1);
    connection.send(get("/", port));
    await sleep(50);
    const started = performance.now();
    const closing = close();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow("fetch failed");
    expect(await connection.answers(1)).toMatchObject([{ status: 200, body: "late\n" }]);
    await closing;
    await idle.closed();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("cuts a stream of events off after the grace time", async () => {
    const { serving, url, keeper } = await serveFace({ grace: 100 });
    const answer = await fetch(`${url}/events`);
    const started = performance.now();
    await serving.close();
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
    expect(performance.now() - started).toBeLessThan(2000);
    await expect(answer.text()).rejects.toThrow("terminated");
    await until(() => keeper.watchers() === 0);
  });

  it("waits for no stream that the face has ended", async () => {
    const ending = new AbortController();
    const { serving, url } = await serveFace({ grace: 10_000, signal: ending.signal });
    const answer = await fetch(`${url}/events`);
    ending.abort();
    expect(await answer.text()).toContain("event: status");
    const started = performance.now();
    await serving.close();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
