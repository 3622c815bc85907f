import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { claudeTest } from "../support/claude-test.ts";
import { asked, openJobScene, withJobs } from "./run/a-job.ts";
import { until } from "./support/expectations.ts";
import { openScene, type Scene } from "./support/scene.ts";

function copiesIn({ state }: Scene): readonly string[] {
  const folder = join(state, "projections");
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function findingOf(scene: Scene, id: string) {
  const { stdout } = await scene.run(["doctor", "--online", "--json"]);
  const { checks } = JSON.parse(stdout) as {
    checks: readonly { id: string; findings: readonly Record<string, unknown>[] }[];
  };
  return checks.find((check) => check.id === id)?.findings[0];
}

describe("doctor --online", () => {
  for (const version of ["2.1.104", "2.1.329"] as const) {
    claudeTest(version, "proves a login by a copy that cannot rotate", async (build) => {
      const scene = await openScene({ build });
      scene.write(scene.sandbox.signIn());
      const text = scene.text();
      expect(await findingOf(scene, "credential-accepted")).toMatchObject({ result: "ok" });
      expect(asked(scene).map(({ status }) => status)).toEqual([200]);
      scene.sandbox.revokeAccess();
      const refused = { result: "warning", code: null, command: "pilotlight refresh" };
      expect(await findingOf(scene, "credential-accepted")).toMatchObject(refused);
      expect([scene.text(), scene.sandbox.tokenPosts(), copiesIn(scene)]).toEqual([text, [], []]);
    });
  }

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "leaves no copy of a token behind when %s ends it",
    async (signal) => {
      const scene = withJobs(await openScene(), 'touch "$CLAUDE_CONFIG_DIR/hangs"; exec sleep 30');
      scene.write(scene.sandbox.signIn());
      const running = scene.start(["doctor", "--online"], { PATH: scene.path });
      const copy = () => join(scene.state, "projections", copiesIn(scene)[0] ?? "none");
      await until("hello is being said", () => existsSync(join(copy(), "hangs")));
      expect(readFileSync(join(copy(), ".credentials.json"), "utf8")).toContain("accessToken");
      running.signalGroup(signal);
      expect((await running.finished).signal).toBe(signal);
      expect(copiesIn(scene)).toEqual([]);
    },
  );

  it("waits ten seconds for a proxy that says nothing, and no longer", async () => {
    const scene = withJobs(await openScene(), "exit 1");
    scene.write(scene.sandbox.signIn());
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const proxy = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const env = { PATH: scene.path, HTTPS_PROXY: proxy, https_proxy: proxy };
    const started = performance.now();
    const { code, stdout } = await scene.run(["doctor", "--online"], env);
    expect(performance.now() - started).toBeLessThan(25_000);
    expect(code).toBe(69);
    expect(stdout).toMatch(/network_unavailable: api\.anthropic\.com .*: no answer within 10 s/);
  }, 40_000);
});

describe("doctor without --online", () => {
  it("loads nothing that asks anybody", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const probe = join(scene.home.home, "probe.mjs");
    const listing = join(scene.home.home, "loaded.json");
    writeFileSync(
      probe,
      `import { writeFileSync } from "node:fs";
       import { registerHooks } from "node:module";
       const urls = [];
       registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
       process.on("exit", () => writeFileSync(${JSON.stringify(listing)}, JSON.stringify(urls)));`,
    );
    const heavy = async (...argv: readonly string[]) => {
      const env = { PATH: scene.path, NODE_OPTIONS: `--import=${probe}` };
      expect((await scene.run(["doctor", ...argv], env)).code).toBe(0);
      const urls = JSON.parse(readFileSync(listing, "utf8")) as readonly string[];
      const asking = /node_modules\/undici\/|\/claude\/hello|\/ask-|\/proof\/|^node:tls/;
      return urls.filter((url) => asking.test(url));
    };
    expect(await heavy()).toEqual([]);
    expect((await heavy("--online")).length).toBeGreaterThan(5);
    expect(asked(scene)).toHaveLength(1);
  });
});
