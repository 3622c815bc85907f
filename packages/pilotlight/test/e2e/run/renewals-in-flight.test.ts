import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { expectLivingPair, until } from "../support/expectations.ts";
import { asked, historyOf, type JobScene, openJobScene, runOf } from "./a-job.ts";

const HELLO = ["claude", "-p", "say hello"];
const STREAM = ["--output-format", "stream-json", "--verbose"];

/** A job that ends while the grant that its attendant began is at the server. */
async function endedInMidGrant(scene: JobScene) {
  const running = await begun(scene);
  scene.sandbox.fault({ name: "token-slow", delayMs: 7_000, rotateAt: "start" });
  scene.write(scene.sandbox.signIn({ accessTokenLife: 540 }));
  await until("the grant", () => scene.sandbox.tokenPosts().length > 0);
  await until("the job's end", () => running.stdout().includes("done"));
  // What is left to do for the job itself is over by then.
  await pause(1_500);
  return running;
}

async function begun(scene: JobScene) {
  scene.write(scene.sandbox.signIn());
  const job = ["sh", "-c", "echo begun; sleep 4; echo done"];
  const running = scene.begin(runOf([], job), { stdin: "" });
  await until("the job's begin", () => running.stdout().includes("begun"));
  return running;
}

describe("a job that ends while its login is being renewed", () => {
  it("is not ended by a signal before the result is stored", async () => {
    const scene = await openJobScene("2.1.329");
    const running = await endedInMidGrant(scene);
    running.kill("SIGTERM");
    const ended = await running.ended;
    expect([ended.code, ended.signal, ended.stdout]).toEqual([0, null, "begun\ndone\n"]);
    expect(ended.stderr).toMatch(/^pilotlight: SIGTERM waits for the refresh under way[^\n]*\n$/);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
    expectLivingPair(scene);
    expect((await historyOf(scene)).map(({ kind }) => kind)).toContain("run");
  });

  it("tells of a login that ended meanwhile, and succeeds all the same", async () => {
    const scene = await openJobScene("2.1.329");
    const running = await begun(scene);
    scene.write(scene.sandbox.signIn({ accessTokenLife: 540 }));
    scene.sandbox.endLogin();
    const ended = await running.ended;
    expect([ended.code, ended.stdout]).toEqual([0, "begun\ndone\n"]);
    expect(ended.stderr).toMatch(/^pilotlight: warning: login_ended: [^\n]*\n$/);
  });
});

describe("a job whose rejected token could not be renewed", () => {
  it.each([
    ["token-503-html", 69, "endpoint_unavailable"],
    ["token-429", 75, "throttled"],
  ] as const)("says of %s that it passes: %i", async (name, exit, code) => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    scene.sandbox.fault({ name, times: 20 });
    const ended = await scene.job([], HELLO);
    expect(ended.stderr).toMatch(
      new RegExp(`^pilotlight: ${code}: [^\\n]*the job said: [^\\n]*\\n$`),
    );
    expect(ended.code).toBe(exit);
  });

  it("does not rotate again for a server that takes no token at all", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.fault({ name: "messages-401-revoked", times: 50, shouldRetry: false });
    const ended = await scene.job([], [...HELLO, ...STREAM]);
    expect(ended.code).not.toBe(0);
    expect(scene.sandbox.grants().refreshes).toBeLessThanOrEqual(1);
    expect(asked(scene).every(({ status }) => status === 401)).toBe(true);
  });
});
