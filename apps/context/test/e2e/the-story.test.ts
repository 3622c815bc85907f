import { describe, expect } from "vitest";
import { inventedModel } from "../../demo/invented-model.ts";
import { startKeeper } from "../../../../packages/pilotlight/test/e2e/keep/a-keeper.ts";
import { startSignIn } from "../../../../packages/pilotlight/test/e2e/login/a-sign-in.ts";
import { openScene, type Scene } from "../../../../packages/pilotlight/test/e2e/support/scene.ts";
import { claudeTest } from "../../../../packages/pilotlight/test/support/claude-test.ts";
import { factsIn, type ServiceProcess, startService } from "./a-service.ts";

const LIMIT_MS = 300_000;
const OWN = { CONTEXT_AUTH: "subscription" };
const KEY = "sk-ant-api03-TEST-context";

describe("a knowledge service with a login of its own", () => {
  claudeTest(
    "2.1.329",
    "works, says what is wrong and what to do, and works again",
    async (build) => {
      const scene = await openScene({ build, sandbox: { reply: inventedModel } });
      scene.write(scene.sandbox.signIn());
      const service = await startService(scene, { env: OWN });
      await works(scene, service);
      await tokenEnds(scene, service);
      const keeper = await keepRepairs(scene, service);
      await loginDies(scene, service);
      await personSignsIn(scene, service);
      await keeper.end();
      expect(await service.stop()).toBe(0);
      await keyBesideTheLogin(scene);
      await keyInsteadOfTheLogin(scene);
      expect(service.log()).not.toContain("sk-ant-");
    },
    LIMIT_MS,
  );
});

async function works(scene: Scene, service: ServiceProcess): Promise<void> {
  const told = await service.say("I moved to London.");
  expect(told).toMatchObject({
    status: 200,
    body: {
      entityName: "Ada Lovelace",
      stale: false,
      extraction: { outcome: "facts_changed", added: 1 },
      credential: { auth: "subscription", kind: "oauth", source: "claude-file", backend: "cli" },
      usage: { questions: 1, model: expect.stringContaining("claude") },
    },
  });
  expect(factsIn(told)).toEqual(["She lives in London."]);
  const { expiresAt, refreshTokenExpiresAt } = scene.document().claudeAiOauth;
  expect(await service.health()).toMatchObject({
    status: 200,
    body: {
      status: "ok",
      credential: {
        phase: "fresh",
        expiresAt: new Date(expiresAt).toISOString(),
        loginEndsAt: new Date(refreshTokenExpiresAt).toISOString(),
      },
      warnings: [],
    },
  });
}

/** The access token is over, and the token endpoint is out of reach: nothing can be renewed for the time being. */
async function tokenEnds(scene: Scene, service: ServiceProcess): Promise<void> {
  scene.sandbox.fault({ name: "token-429" });
  expire(scene);
  expect(await service.health()).toMatchObject({
    status: 200,
    body: {
      status: "warning",
      credential: { phase: "expired", refreshable: true },
      warnings: [{ code: "refresh_due", command: expect.stringContaining("pilotlight refresh") }],
    },
  });
  const told = await service.say("We relocated to Turin.");
  expect(told).toMatchObject({
    status: 503,
    retryAfter: expect.stringMatching(/^\d+$/),
    body: {
      code: "throttled",
      retryable: true,
      action: { message: expect.stringContaining("wait"), by: "wait" },
      stale: true,
      factsAgeSeconds: expect.any(Number),
    },
  });
  expect(factsIn(told)).toEqual(["She lives in London."]);
}

async function keepRepairs(scene: Scene, service: ServiceProcess) {
  scene.sandbox.clearFaults();
  const keeper = await startKeeper(scene);
  await keeper.healthy(({ http }) => http === 200);
  expect(await service.health()).toMatchObject({
    body: { credential: { phase: "fresh", proof: "proved" } },
  });
  const told = await service.context();
  expect(told).toMatchObject({ status: 200, body: { sources: { messagesRead: 1 } } });
  expect(factsIn(told)).toEqual(["She lives in Turin."]);
  expect((await service.health()).body).toMatchObject({ status: "ok", warnings: [] });
  return keeper;
}

async function loginDies(scene: Scene, service: ServiceProcess): Promise<void> {
  scene.sandbox.endLogin();
  expire(scene);
  const told = await service.say("I am on call every Friday.");
  expect(told).toMatchObject({
    status: 503,
    retryAfter: null,
    body: {
      code: "login_ended",
      retryable: false,
      action: { message: expect.stringContaining("sign in"), by: "person" },
      stale: true,
    },
  });
  expect(factsIn(told)).toEqual(["She lives in Turin."]);
  expect(await service.health()).toMatchObject({
    status: 503,
    body: { status: "critical", warnings: [{ code: "login_ended" }, {}] },
  });
  expect(await service.get("/api/v1/entities/ada/facts")).toMatchObject({
    status: 200,
    body: { stale: true, messagesUnread: 1, lastFailure: { code: "login_ended" } },
  });
}

async function personSignsIn(scene: Scene, service: ServiceProcess): Promise<void> {
  const signIn = await startSignIn(scene);
  signIn.give(signIn.code());
  expect((await signIn.running.finished).code).toBe(0);
  const told = await service.context();
  expect(told).toMatchObject({ status: 200, body: { sources: { messagesRead: 1 } } });
  expect(factsIn(told).toSorted()).toEqual(["She is on call every Friday.", "She lives in Turin."]);
  expect((await service.health()).body).toMatchObject({ status: "ok" });
}

/** Claude Code by itself would use the key, and somebody would pay for it: the service says so, and does not. */
async function keyBesideTheLogin(scene: Scene): Promise<void> {
  const service = await startService(scene, { env: { ...OWN, ANTHROPIC_API_KEY: KEY } });
  expect(await service.health()).toMatchObject({
    status: 200,
    body: {
      status: "warning",
      warnings: [
        { code: "credential_shadowed", message: expect.stringContaining("ANTHROPIC_API_KEY") },
      ],
    },
  });
  const told = await service.say("Nice weather.");
  expect(told.body).toMatchObject({
    extraction: { outcome: "no_facts_in_these_messages" },
    credential: { kind: "oauth", source: "claude-file" },
  });
  expect(lastHeaders(scene)).toEqual(["authorization"]);
  expect(await service.stop()).toBe(0);
}

async function keyInsteadOfTheLogin(scene: Scene): Promise<void> {
  const env = { CONTEXT_BACKEND: "cli", ANTHROPIC_API_KEY: KEY };
  const service = await startService(scene, { env });
  expect((await service.health()).body).toMatchObject({
    credential: { auth: "api-key", expiresAt: null, loginEndsAt: null },
    warnings: [{ code: "credential_shadowed" }],
  });
  const told = await service.say("I am no longer on call.");
  expect(told.body).toMatchObject({ credential: { auth: "api-key", kind: "api-key" } });
  expect(factsIn(told)).toEqual(["She lives in Turin."]);
  expect(lastHeaders(scene)).toEqual(["x-api-key"]);
  expect(await service.stop()).toBe(0);
}

/** Lets the access token in the file be over, for the file and for the server. */
function expire(scene: Scene): void {
  const document = scene.document();
  const login = { ...document.claudeAiOauth, expiresAt: Date.now() - 1000 };
  scene.sandbox.revokeAccess();
  scene.write({ ...document, claudeAiOauth: login });
}

function lastHeaders({ sandbox }: Scene): readonly string[] | undefined {
  const asked = sandbox.requests().filter(({ path }) => path === "/v1/messages");
  return asked.at(-1)?.credentialHeaders;
}
