import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Beat, beatRequest, heartbeat } from "../../src/notify/heartbeat.ts";

const RUN = "5c1c6c3e-0000-4000-8000-000000000001";
const FAILURE: Beat = { kind: "failure", exit: 77, code: "login_ended" };

describe("a beat", () => {
  it.each<[string, Beat, string, string | null]>([
    ["start", { kind: "start" }, `/ping/1/start?rid=${RUN}`, ""],
    ["success", { kind: "success", durationMs: 12 }, `/ping/1?rid=${RUN}`, ""],
    ["failure", FAILURE, `/ping/1/77?rid=${RUN}`, "login_ended (exit 77)"],
  ])("of a %s is one of healthchecks.io", (_, beat, path, body) => {
    const request = beatRequest(new URL("https://hc.example/ping/1"), beat, RUN);
    expect(request).toMatchObject({ method: "POST", body });
    expect(request?.url.href).toBe(`https://hc.example${path}`);
  });

  it("keeps what a slug address brings with it", () => {
    const base = new URL("https://hc.example/key/nightly/?create=1");
    const request = beatRequest(base, FAILURE, RUN);
    expect(request?.url.href).toBe(`https://hc.example/key/nightly/77?create=1&rid=${RUN}`);
  });

  it.each<[Beat, string]>([
    [{ kind: "success", durationMs: 12 }, "status=up&msg=OK&ping=12"],
    [FAILURE, "status=down&msg=login_ended+%28exit+77%29"],
  ])("is one of Uptime Kuma where the path says so", (beat, query) => {
    const base = new URL("https://kuma.example/api/push/abc?status=up&msg=OK&ping=");
    const url = beatRequest(base, beat, RUN)?.url;
    expect(url?.pathname).toBe("/api/push/abc");
    expect(url?.search.replace(/&ping=$/, "")).toBe(`?${query}`);
  });

  it("has no start at Uptime Kuma", () => {
    const base = new URL("https://kuma.example/api/push/abc");
    expect(beatRequest(base, { kind: "start" }, RUN)).toBeNull();
  });
});

describe("a heartbeat", () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  /** A monitor that gives each of these answers in turn, and the last one from then on. */
  async function monitor(...statuses: number[]) {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(`${request.method} ${new URL(request.url ?? "", "http://x").pathname}`);
      response.statusCode = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    return { heard, url: new URL(`http://127.0.0.1:${port}/ping/1`) };
  }

  it("comes in order, and each beat again after a failure of the monitor's", async () => {
    const { heard, url } = await monitor(500, 200);
    const beats = heartbeat(url, { fetch, runId: RUN });
    const started = beats.send({ kind: "start" });
    const ended = beats.send({ kind: "success", durationMs: 1 });
    expect(await Promise.all([started, ended])).toEqual([null, null]);
    expect(heard).toEqual(["POST /ping/1/start", "POST /ping/1/start", "POST /ping/1"]);
  });

  it("that does not arrive says why and throws nothing", async () => {
    const { url, heard } = await monitor(404);
    const beats = heartbeat(url, { fetch, runId: RUN });
    expect(await beats.send(FAILURE)).toBe(`${url.host} answered 404`);
    expect(heard).toHaveLength(2);
    closing.splice(0).forEach((close) => close());
    expect(await beats.send(FAILURE)).toMatch(/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  /** A monitor that answers to what `isHeard` finds, and leaves everything else open. */
  async function silent(isHeard: (path: string) => boolean) {
    const heard: string[] = [];
    const gone: string[] = [];
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://x");
      heard.push(pathname);
      response.on("close", () => !response.writableFinished && gone.push(pathname));
      if (isHeard(pathname)) response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { heard, gone, url: new URL(`http://127.0.0.1:${port}/ping/1`) };
  }

  it("gives up a start without an answer when the end is sent", async () => {
    const { heard, gone, url } = await silent((path) => !path.endsWith("/start"));
    const beats = heartbeat(url, { fetch, runId: RUN });
    const started = beats.send({ kind: "start" });
    await vi.waitUntil(() => heard.length === 1);
    const since = performance.now();
    expect(await beats.send({ kind: "success", durationMs: 1 })).toBeNull();
    expect(performance.now() - since).toBeLessThan(2_500);
    expect(await started).toBe(`${url.host}: no answer in time`);
    expect([heard, gone]).toEqual([["/ping/1/start", "/ping/1"], ["/ping/1/start"]]);
  });

  it("keeps a job's end waiting for five seconds in all", async () => {
    const { heard, url } = await silent(() => false);
    const beats = heartbeat(url, { fetch, runId: RUN });
    void beats.send({ kind: "start" });
    await vi.waitUntil(() => heard.length === 1);
    const since = performance.now();
    expect(await beats.send(FAILURE)).toBe(`${url.host}: no answer in time`);
    expect(performance.now() - since).toBeLessThan(6_000);
    expect(heard).toEqual(["/ping/1/start", "/ping/1/77"]);
  });

  it("that cannot be sent does not quote its address", async () => {
    const { url } = await monitor(200);
    url.username = "user";
    url.password = "hunter2";
    const why = await heartbeat(url, { fetch, runId: RUN }).send(FAILURE);
    expect(why).toBe(`${url.host}: TypeError`);
  });
});
