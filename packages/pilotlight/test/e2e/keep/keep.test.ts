import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { claudeTest } from "../../support/claude-test.ts";
import {
  expectLivingPair,
  expectSettled,
  grantInFlight,
  livePair,
  until,
} from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { startKeeper } from "./a-keeper.ts";
import { ISSUED, OLD, STATE_OF_0_1_0 } from "./state-of-0-1-0.ts";

const SLOW = 4_000;

/** A scene whose access token has just ended, with a server that takes its time. */
async function slowScene(options: Parameters<typeof openScene>[0]): Promise<Scene> {
  const scene = await openScene(options);
  scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
  scene.sandbox.fault({ name: "token-slow", delayMs: SLOW, rotateAt: "start" });
  return scene;
}

function expectOneGrant(scene: Scene): void {
  expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1, reuses: 0 });
  expect(scene.sandbox.tokenPosts()).toHaveLength(1);
  expectLivingPair(scene);
  expectSettled(scene);
}

describe("keep", () => {
  claudeTest(
    "2.1.329",
    "renews an ended token, shows that everywhere, and ends with 0",
    async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      const keeper = await startKeeper(scene);
      const { http, logins } = await keeper.healthy(({ health }) => health === "ok");
      expect(http).toBe(200);
      expect(logins[0]).toMatchObject({ name: "default", phase: "fresh", journal: "clear" });
      expect((await keeper.get("/readyz")).status).toBe(200);
      expect((await keeper.get("/livez")).status).toBe(200);
      const attempted =
        'pilotlight_refresh_attempts_total{login="default",driver="cli",code="refreshed"} 1';
      await expect.poll(async () => (await keeper.get("/metrics")).text()).toContain(attempted);
      const history = (await (await keeper.get("/api/v1/history")).json()) as { entries: object[] };
      expect(history.entries[0]).toMatchObject({ kind: "refresh", code: "refreshed" });
      const status = (await (await keeper.get("/api/v1/status")).json()) as { logins: object[] };
      expect(status.logins[0]).toMatchObject({ usable: true, proof: { state: "proved" } });
      const { code, stdout, stderr } = await keeper.end();
      expect([code, stdout]).toEqual([0, ""]);
      expect(stderr).toContain("default: refreshed: access token");
      expectOneGrant(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "told to end in mid-grant waits for it, and loses nothing",
    async (build) => {
      const scene = await slowScene({ build });
      const keeper = await startKeeper(scene);
      await grantInFlight(scene);
      const { code, stderr } = await keeper.end();
      expect(code).toBe(0);
      expect(stderr).toContain("a second signal leaves it to the journal");
      expectOneGrant(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "told so with its whole process group, as a terminal does, loses nothing",
    async (build) => {
      const scene = await slowScene({ build });
      const keeper = await startKeeper(scene);
      await grantInFlight(scene);
      keeper.running.signalGroup("SIGINT");
      expect(await keeper.running.finished).toMatchObject({ code: 0 });
      expectOneGrant(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "told twice leaves the grant to the journal, and the next one adopts it",
    async (build) => {
      const scene = await slowScene({ build });
      const first = await startKeeper(scene);
      await grantInFlight(scene);
      first.running.signal("SIGTERM");
      await until("the first word", () => first.running.said().includes("ending"));
      first.running.signal("SIGTERM");
      expect(await first.running.finished).toMatchObject({ signal: "SIGTERM" });
      const second = await startKeeper(scene);
      await second.healthy(({ health }) => health === "ok");
      expect(await second.end()).toMatchObject({ code: 0 });
      expectOneGrant(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "killed in mid-grant is followed by one that adopts what came",
    async (build) => {
      const scene = await slowScene({ build });
      const first = await startKeeper(scene);
      await grantInFlight(scene);
      first.running.signal("SIGKILL");
      await first.running.finished;
      const second = await startKeeper(scene);
      await second.healthy(({ health }) => health === "ok");
      await second.end();
      expectOneGrant(scene);
    },
  );

  claudeTest(
    "2.1.329",
    "rehearses a build that was replaced between two refreshes",
    async (build) => {
      const scene = await openScene({ build });
      const memory = join(scene.state, "builds.json");
      const known = () =>
        Object.keys(
          (JSON.parse(readFileSync(memory, "utf8")) as { rehearsals: object }).rehearsals,
        );
      // Another file with other bytes that is the same program: what an update looks like from outside.
      const other = join(scene.home.home, "claude");
      writeFileSync(
        other,
        `#!/bin/sh\nexec ${build.command.map((word) => `'${word}'`).join(" ")} "$@"\n`,
        { mode: 0o755 },
      );
      scene.write(scene.sandbox.signIn());
      const keeper = await startKeeper(scene, { env: { PILOTLIGHT_CLAUDE: other } });
      await keeper.healthy(({ health }) => health === "ok");
      const before = known();
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      await until("the first refresh", () => scene.sandbox.grants().refreshes === 1);
      await keeper.healthy(({ health }) => health === "ok");
      expect(known()).toHaveLength(before.length + 1);
      writeFileSync(
        other,
        `#!/bin/sh\n# updated\nexec ${build.command.map((word) => `'${word}'`).join(" ")} "$@"\n`,
        { mode: 0o755 },
      );
      scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
      await until("the second refresh", () => scene.sandbox.grants().refreshes === 2);
      await keeper.healthy(({ health }) => health === "ok");
      expect(known()).toHaveLength(before.length + 2);
      await keeper.end();
      expectLivingPair(scene);
    },
  );
});

describe("two keepers on one login and one port", () => {
  it("one keeps and serves; the other stands by, and takes over both when the first is killed", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const first = await startKeeper(scene);
    await first.healthy(({ health }) => health === "ok");
    const port = new URL(first.url).port;
    const second = scene.start(["keep", "--listen", `127.0.0.1:${port}`]);
    await until("the second to stand by", () => second.said().includes("standing by"));
    expect(second.said()).toContain("is taken; health is not served here");
    first.running.signal("SIGKILL");
    await first.running.finished;
    await until("the second to take over", () => /taken over[\s\S]*/.test(second.said()));
    await until("the second to listen", () => second.said().includes("listening on"));
    const answer = await first.get("/healthz");
    expect(answer.status).toBe(200);
    second.signal("SIGTERM");
    expect(await second.finished).toMatchObject({ code: 0 });
    expect(scene.sandbox.tokenPosts()).toHaveLength(0);
  }, 60_000);
});

describe("the state of an earlier version", () => {
  it("with an open journal is taken over: what the server issued is stored, and nothing is sent", async () => {
    const scene = await openScene({ env: { PILOTLIGHT_DRIVER: "cli" } });
    scene.write(OLD);
    for (const [name, fields] of Object.entries(STATE_OF_0_1_0)) {
      const path = join(scene.state, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, JSON.stringify(fields), { mode: 0o600 });
    }
    const keeper = await startKeeper(scene);
    await keeper.healthy(({ health }) => health === "ok");
    await keeper.end();
    expect(scene.document()).toEqual(JSON.parse(ISSUED));
    expectSettled(scene);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });
});

describe("HUP", () => {
  it("reads the configuration anew, and keeps the old one where the new cannot be read", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const keeper = await startKeeper(scene);
    await keeper.healthy(({ health }) => health === "ok");
    const folder = join(scene.home.env["XDG_CONFIG_HOME"] ?? "", "pilotlight");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.toml"), "nonsense = 1\n");
    keeper.running.signal("SIGHUP");
    await until("the refusal", () => keeper.running.said().includes("config_invalid"));
    expect((await keeper.health()).logins).toMatchObject([{ name: "default" }]);

    const other = join(scene.home.home, "other");
    mkdirSync(other);
    writeFileSync(
      join(folder, "config.toml"),
      `[logins.bot]\ndir = "${scene.home.configDir}"\n[logins.other]\ndir = "${other}"\n`,
    );
    keeper.running.signal("SIGHUP");
    const { logins, http } = await keeper.healthy(
      (answer) => answer.logins.length === 2 && answer.health === "down",
    );
    expect(logins).toMatchObject([
      { name: "bot", health: "ok" },
      { name: "other", health: "down", action: { code: "no_credential" } },
    ]);
    expect(http).toBe(503);
    await keeper.end();
  });
});

describe("a refresh asked for over HTTP", () => {
  it("needs the token, and renews", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const file = join(scene.home.home, "token");
    writeFileSync(file, "TEST-bearer\n", { mode: 0o600 });
    const keeper = await startKeeper(scene, { env: { PILOTLIGHT_TOKEN_FILE: file } });
    await keeper.healthy(({ health }) => health === "ok");
    const before = livePair(scene);
    const path = "/api/v1/logins/default/refresh";
    expect((await keeper.get(path, { method: "POST" })).status).toBe(401);
    const headers = { authorization: "Bearer TEST-bearer" };
    const answer = await keeper.get(path, { method: "POST", headers, body: '{"force":true}' });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        schema: "pilotlight.refresh/v1",
        login: "default",
        outcome: "refreshed",
        driver: "endpoint",
      },
    ]);
    expect(livePair(scene)).not.toEqual(before);
    await keeper.end();
    expectOneGrant(scene);
  });
});

describe("keep --once", () => {
  it("beside a daemon says how the logins are and leaves the rest to that", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    const keeper = await startKeeper(scene);
    await keeper.healthy(({ health }) => health === "ok");
    const { code, stdout } = await scene.run(["keep", "--once", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { health: "ok", logins: [{ activity: "standby" }] },
    ]);
    await keeper.end();
  });

  it("renews what is due, says how the logins are, and ends", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const { code, stdout } = await scene.run(["keep", "--once", "--json"]);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { schema: "pilotlight.health/v1", health: "ok" },
    ]);
    expectOneGrant(scene);
  });

  it("ends with 77 where a person must sign in, 66 without a login, 69 while the endpoint fails", async () => {
    const scene = await openScene();
    expect((await scene.run(["keep", "--once"])).code).toBe(66);
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    scene.sandbox.fault({ name: "token-503-html", times: 9 });
    expect((await scene.run(["keep", "--once"])).code).toBe(69);
    scene.sandbox.clearFaults();
    scene.sandbox.endLogin();
    expect((await scene.run(["keep", "--once"])).code).toBe(77);
  });
});

describe("what keep refuses before it starts", () => {
  it.each([
    [
      "an address beyond this machine without a token",
      ["--listen", "0.0.0.0:0"],
      {},
      78,
      "token_file",
    ],
    ["an address that is none", ["--listen", "nonsense"], {}, 64, "127.0.0.1:7450"],
    [
      "an address of another machine",
      ["--listen", "192.0.2.1:0"],
      { PILOTLIGHT_TOKEN_FILE: "TOKEN" },
      78,
      "EADDRNOTAVAIL",
    ],
    ["a token file that is not there", [], { PILOTLIGHT_TOKEN_FILE: "/nowhere" }, 78, "/nowhere"],
    ["--json without --once", ["--json"], {}, 64, "--once"],
    [
      "to be started by the Claude Code that it starts",
      [],
      { PILOTLIGHT_NESTED: "1" },
      78,
      "nested",
    ],
  ])("%s", async (_, args, env, exit, word) => {
    const scene = await openScene();
    const token = join(scene.home.home, "token");
    writeFileSync(token, "TEST-bearer\n", { mode: 0o600 });
    const named = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value === "TOKEN" ? token : value]),
    );
    const { code, stderr } = await scene.run(["keep", ...args], named);
    expect(stderr).toContain(word);
    expect(code).toBe(exit);
  });

  it.each([
    ["a login's state", "logins/default.json", '{"schema": 99}'],
    ["a journal", "journal/default.json", '{"schema": 99}'],
  ])("%s of a later Pilotlight", async (_, name, text) => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    mkdirSync(dirname(join(scene.state, name)), { recursive: true });
    writeFileSync(join(scene.state, name), text, { mode: 0o600 });
    const { code, stderr } = await scene.run(["keep"]);
    expect([code, stderr]).toEqual([78, expect.stringContaining("state_newer")]);
  });

  it("a history of a later Pilotlight", async () => {
    const scene = await openScene();
    scene.write(scene.sandbox.signIn());
    mkdirSync(scene.state, { recursive: true });
    const database = new DatabaseSync(join(scene.state, "history.db"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    const { code, stderr } = await scene.run(["keep"]);
    expect([code, stderr]).toEqual([78, expect.stringContaining("state_newer")]);
  });
});
