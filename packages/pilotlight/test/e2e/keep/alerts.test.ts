import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { httpReceiver, type HttpReceiver } from "../../notify/http-receiver.ts";
import { until } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { startKeeper } from "./a-keeper.ts";

type Told = Record<string, unknown>;
const told = ({ received }: HttpReceiver) => received.map(({ body }) => JSON.parse(body) as Told);
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function configure(scene: Scene, text: string): void {
  const folder = join(scene.home.env["XDG_CONFIG_HOME"] ?? "", "pilotlight");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.toml"), text, { mode: 0o600 });
}

const hook = (url: string, name = "hook") => `
[notify]
grace = "1s"
renew_url = "http://127.0.0.1:7450/how"
[notify.${name}]
type = "webhook"
url = "${url}"
secret = "TEST-signing-key"
`;

describe("a login that ends while nobody watches", () => {
  it("is told once, also by a daemon that is started anew, and that it is well again", async () => {
    const scene = await openScene();
    const server = await httpReceiver();
    configure(scene, hook(server.url));
    scene.write(scene.sandbox.signIn());
    const first = await startKeeper(scene);
    await first.healthy(({ health }) => health === "ok");
    scene.sandbox.endLogin();
    scene.write({
      ...scene.document(),
      claudeAiOauth: { ...scene.document().claudeAiOauth, expiresAt: 1 },
    });
    await until("the alert", () => server.received.length > 0);
    expect(told(server)).toMatchObject([
      {
        schema: "pilotlight.alert/v1",
        kind: "login_ended",
        severity: "critical",
        login: "default",
        by: "person",
        command: "pilotlight login",
        renewUrl: "http://127.0.0.1:7450/how",
        test: false,
      },
    ]);
    await moment(3_000);
    await first.end();
    expect(server.received).toHaveLength(1);
    const memory = readFileSync(join(scene.state, "alerts", "default.json"), "utf8");
    expect(JSON.parse(memory)).toMatchObject({ schema: 1, undelivered: [] });

    const second = await startKeeper(scene);
    await second.healthy(({ health }) => health === "down");
    await moment(4_000);
    expect(server.received).toHaveLength(1);
    scene.write(scene.sandbox.signIn());
    await until("the notice", () => server.received.length > 1);
    expect(told(server)[1]).toMatchObject({
      kind: "recovered",
      after: "login_ended",
      severity: "info",
    });
    const line = 'pilotlight_alerts_total{channel="hook",kind="recovered",outcome="delivered"} 1';
    // It is counted when the channel's answer has come, a moment after the channel has it.
    await expect
      .poll(async () => (await second.get("/metrics")).text(), { timeout: 10_000 })
      .toContain(line);
    await second.end();
    expect(server.received).toHaveLength(2);
    const said = first.running.said() + second.running.said();
    expect(said).toContain("told by notify.hook");
    expect(said).not.toContain("TEST-signing-key");
  }, 60_000);
});

describe("a channel that fails", () => {
  it("keeps nobody from keeping, is shown, and delivers after a restart", async () => {
    const scene = await openScene();
    let status = 503;
    const server = await httpReceiver(() => ({ status, delay: 100 }));
    configure(scene, hook(server.url));
    const keeper = await startKeeper(scene);
    await until("the failure", () => keeper.running.said().includes("notify.hook fails"));
    const health = (await (await keeper.get("/healthz")).json()) as { notify: Told };
    expect(health.notify).toMatchObject({
      channels: [{ name: "hook", type: "webhook", failing: true, waiting: 1 }],
    });
    const metrics = await (await keeper.get("/metrics")).text();
    expect(metrics).toContain('pilotlight_alert_channel_failing{channel="hook"} 1');
    await keeper.end();
    status = 200;
    const before = server.received.length;
    const next = await startKeeper(scene);
    await until("the alert", () => server.received.length > before);
    expect(told(server).at(-1)).toMatchObject({ kind: "trouble", code: "no_credential" });
    await next.end();
  }, 60_000);
});

describe("another payer", () => {
  it("is told, also when the key came while no daemon ran", async () => {
    const scene = await openScene();
    const server = await httpReceiver();
    configure(scene, hook(server.url));
    scene.write(scene.sandbox.signIn());
    const first = await startKeeper(scene);
    await first.healthy(({ health }) => health === "ok");
    const file = join(scene.state, "alerts", "default.json");
    await until("who pays to be known", () => {
      try {
        return readFileSync(file, "utf8").includes('"usual"');
      } catch {
        return false;
      }
    });
    await first.end();
    const second = await startKeeper(scene, {
      env: { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-stray" },
    });
    await until("the alert", () => server.received.length > 0);
    expect(told(server)).toMatchObject([{ kind: "payer_changed", command: "pilotlight explain" }]);
    await second.end();
  }, 60_000);
});

describe("keep.ping", () => {
  it("tells start and success, failure as soon as a login is down, and nothing at the end", async () => {
    const scene = await openScene();
    const server = await httpReceiver();
    scene.write(scene.sandbox.signIn());
    const env = { PILOTLIGHT_PING: `${server.url}/ping/TEST`, PILOTLIGHT_PING_EVERY: "1s" };
    const keeper = await startKeeper(scene, { env });
    const paths = () => server.received.map(({ path }) => path.replace(/\?.*/, ""));
    await until("two beats", () => paths().filter((path) => path === "/ping/TEST").length > 1);
    expect(paths()[0]).toBe("/ping/TEST/start");
    scene.write("");
    await until("the failure", () => paths().includes("/ping/TEST/65"));
    scene.write(scene.sandbox.signIn());
    await until("success", () => paths().at(-1) === "/ping/TEST");
    await keeper.end();
    const count = server.received.length;
    await moment(1_500);
    expect(server.received).toHaveLength(count);
  }, 60_000);
});

describe("notify test", () => {
  it("sends one of each kind to each channel, and says how that went", async () => {
    const scene = await openScene();
    const good = await httpReceiver((_, count) =>
      count === 3 ? { status: 429, headers: { "retry-after": "0.2" } } : { status: 200 },
    );
    const bad = await httpReceiver(() => ({ status: 500 }));
    configure(
      scene,
      `${hook(good.url)}\n[notify.chat]\ntype = "slack"\nurl = "${bad.url}/TEST-path"\n`,
    );
    const one = await scene.run(["notify", "test", "--channel", "hook"]);
    expect([one.code, one.stdout]).toEqual([
      0,
      "notify.hook (webhook): 9 alerts delivered, one of each kind\n",
    ]);
    expect(new Set(told(good).map(({ kind }) => kind)).size).toBe(9);
    expect(
      told(good).every(({ test, title }) => test === true && String(title).includes("default on")),
    ).toBe(true);
    const all = await scene.run(["notify", "test", "--json"]);
    expect([all.code, JSON.parse(all.stdout)]).toMatchObject([
      69,
      {
        schema: "pilotlight.notify-test/v1",
        channels: [
          { name: "hook", ok: true },
          { name: "chat", ok: false },
        ],
      },
    ]);
    expect(all.stdout + all.stderr).not.toContain("TEST-path");
    expect((await scene.run(["notify", "test", "--channel", "none"])).code).toBe(64);
    expect(await scene.run(["notify"])).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("known: test"),
    });
    configure(scene, "");
    expect((await scene.run(["notify", "test"])).code).toBe(78);
  }, 60_000);
});

describe("keep --once", () => {
  it("tells what is to be told, once in two rounds", async () => {
    const scene = await openScene();
    const server = await httpReceiver();
    configure(scene, hook(server.url).replace('"1s"', '"0s"'));
    expect((await scene.run(["keep", "--once"])).code).toBe(66);
    expect((await scene.run(["keep", "--once"])).code).toBe(66);
    expect(told(server)).toMatchObject([{ kind: "trouble", code: "no_credential" }]);
  }, 60_000);
});
