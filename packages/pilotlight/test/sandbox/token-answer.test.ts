import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type Authority,
  authority,
  DroppedConnection,
  type Fault,
  type FaultName,
  FAULTS,
  type Issue,
} from "../../src/sandbox/index.ts";

/** What a client and the ledger see of one refresh. */
async function refreshWith(fault: Fault) {
  const slept: { ms: number; rotated: number }[] = [];
  const server: Authority = authority({
    now: () => 1_800_000_000_000,
    random: randomBytes,
    sleep: async (ms) => void slept.push({ ms, rotated: server.ledger.counts.refreshes }),
  });
  const first = server.ledger.open({ scopes: ["user:inference"] });
  server.faults.add(fault);
  const answer = await refresh(server, first).catch((error: unknown) => error);
  return { server, first, answer, slept, rotated: server.ledger.counts.refreshes };
}

function refresh(server: Authority, { refreshToken }: Issue): Promise<Response> {
  const body = JSON.stringify({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: "c",
  });
  return server.fetch(
    new Request("https://platform.claude.com/v1/oauth/token", { method: "POST", body }),
  );
}

const OAUTH = { error: "invalid_grant", error_description: expect.any(String) };
const anthropic = (type: string) => ({
  type: "error",
  error: { type, message: expect.any(String) },
  request_id: expect.stringMatching(/^req_/),
});

/** The faults that are only an answer: status, content type and body. */
const REFUSALS = [
  ["token-invalid-grant-400", 400, "application/json", OAUTH],
  ["token-invalid-grant-401", 401, "application/json", OAUTH],
  ["token-error-400", 400, "application/json", anthropic("invalid_request_error")],
  ["token-error-401", 401, "application/json", anthropic("authentication_error")],
  ["token-429", 429, "application/json", anthropic("rate_limit_error")],
  ["token-500", 500, "application/json", anthropic("api_error")],
  ["token-502", 502, "text/plain", "Bad gateway"],
  ["token-503-html", 503, "text/html", expect.stringContaining("<!DOCTYPE html>")],
  ["token-403-html", 403, "text/html", expect.stringContaining("Cloudflare")],
  [
    "token-403-json",
    403,
    "application/json",
    { error: { type: "forbidden", message: "Request not allowed" } },
  ],
] as const;

/** The faults that give no answer: whether they rotate, and how long they wait (ms) without being told. */
const SILENCES = [
  ["token-hang", 0, 120_000],
  ["token-reset", 0, 0],
  ["token-rotate-then-drop", 1, 0],
  ["token-rotate-then-hang", 1, 120_000],
] as const;

const MUTILATIONS = [
  "token-rotate-then-broken-json",
  "token-without-scope",
  "token-without-refresh-token",
  "token-slow",
] as const;

describe("a fault at the token endpoint", () => {
  it.each(REFUSALS)("%s answers %i %s and rotates nothing", async (name, status, type, body) => {
    const { answer, rotated } = await refreshWith({ name });
    const response = answer as Response;
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toContain(type);
    const text = await response.text();
    expect(type === "application/json" ? JSON.parse(text) : text).toEqual(body);
    expect(response.headers.has("retry-after")).toBe(false);
    expect(rotated).toBe(0);
  });

  it("token-429 names the seconds to wait when it is given them", async () => {
    const { answer } = await refreshWith({ name: "token-429", retryAfter: 7 });
    expect((answer as Response).headers.get("retry-after")).toBe("7");
  });

  it.each(SILENCES)("%s drops the connection after %i rotations", async (name, rotations, ms) => {
    const { answer, rotated, slept } = await refreshWith({ name });
    expect(answer).toBeInstanceOf(DroppedConnection);
    expect(answer).toBeInstanceOf(TypeError);
    expect(rotated).toBe(rotations);
    expect(slept).toEqual([{ ms, rotated: rotations }]);
  });

  it.each(SILENCES)("%s waits as long as it is told instead", async (name) => {
    const { slept } = await refreshWith({ name, delayMs: 12 });
    expect(slept).toMatchObject([{ ms: 12 }]);
  });

  it("token-rotate-then-broken-json spends the token and answers what no parser takes", async () => {
    const { answer, rotated } = await refreshWith({ name: "token-rotate-then-broken-json" });
    const response = answer as Response;
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(/^\{"token_type"/);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(rotated).toBe(1);
  });

  it("token-without-scope rotates and leaves out the scope only", async () => {
    const { answer, first, rotated } = await refreshWith({ name: "token-without-scope" });
    const body = (await (answer as Response).json()) as Record<string, unknown>;
    expect(body).not.toHaveProperty("scope");
    expect(body["refresh_token"]).not.toBe(first.refreshToken);
    expect(rotated).toBe(1);
  });

  it("token-without-refresh-token leaves the refresh token good for another time", async () => {
    const { server, answer, first } = await refreshWith({ name: "token-without-refresh-token" });
    const body = (await (answer as Response).json()) as Record<string, unknown>;
    expect(body).not.toHaveProperty("refresh_token");
    expect(server.ledger.accessState(String(body["access_token"]))).toBe("live");
    expect((await refresh(server, first)).status).toBe(200);
  });

  it.each([
    ["at the start of the delay", "start", 1],
    ["at its end", "end", 0],
    ["at its end unless told", undefined, 0],
  ] as const)("token-slow rotates %s", async (_name, rotateAt, before) => {
    const { answer, slept, rotated } = await refreshWith({
      name: "token-slow",
      delayMs: 40,
      rotateAt,
    });
    expect((answer as Response).status).toBe(200);
    expect(slept).toEqual([{ ms: 40, rotated: before }]);
    expect(rotated).toBe(1);
  });

  it("passes a refusal of the grant itself on as it is", async () => {
    for (const name of MUTILATIONS) {
      const { server, first } = await refreshWith({ name: "token-500", times: 1 });
      server.ledger.endLogin();
      server.faults.add({ name });
      const response = await refresh(server, first);
      expect(await response.json()).toMatchObject({ error: "invalid_grant" });
    }
  });

  it("is covered by these tables, whichever it is", () => {
    const covered = [...REFUSALS, ...SILENCES].map(([name]): FaultName => name);
    const known = Object.keys(FAULTS).filter((name) => name.startsWith("token-"));
    expect([...covered, ...MUTILATIONS].toSorted()).toEqual(known.toSorted());
  });
});

describe("the queue of faults", () => {
  it("uses them up in order, as often as each says, and then lets requests through", async () => {
    const { server, first } = await refreshWith({ name: "token-500", times: 2 });
    server.faults.add({ name: "token-429", times: 1 });
    expect(server.faults.list()).toEqual([
      { name: "token-500", times: 1 },
      { name: "token-429", times: 1 },
    ]);
    const statuses = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await refresh(server, first)).status);
    expect(statuses).toEqual([500, 429, 200]);
    expect(server.faults.list()).toEqual([]);
  });

  it("keeps a fault without a number until it is cleared, and one of another endpoint waiting", async () => {
    const { server, first } = await refreshWith({ name: "token-502" });
    server.faults.add({ name: "messages-529", times: 1 });
    for (let round = 0; round < 5; round += 1)
      expect((await refresh(server, first)).status).toBe(502);
    expect(server.faults.list()).toHaveLength(2);
    server.faults.clear();
    expect((await refresh(server, first)).status).toBe(200);
  });
});
