import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DOCTOR_CHECKS } from "../../../src/cli/doctor/doctor-checks.ts";
import { judgeClock } from "../../../src/cli/doctor/online/server-checks.ts";
import { ONLINE_CHECKS } from "../../../src/cli/doctor/online/online-checks.ts";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";
import { asked, historyOf, type JobScene, openJobScene, withJobs } from "../../e2e/run/a-job.ts";
import { openScene } from "../../e2e/support/scene.ts";
import { runHere } from "../run-here.ts";

interface Found {
  readonly id: string;
  readonly result: string;
  readonly findings: readonly {
    readonly login: string | null;
    readonly evidence: string;
    readonly fix: string | null;
    readonly command: string | null;
    readonly code: string | null;
    readonly fm: readonly string[] | null;
  }[];
}

type Env = Readonly<Record<string, string>>;

/** `pilotlight doctor --online` in a scene. */
async function examine(scene: JobScene, env: Env = {}, ...argv: readonly string[]) {
  const all = { ...scene.env, PATH: scene.path, ...env };
  const { exit, out, err } = await runHere(["doctor", "--online", "--json", ...argv], all);
  const { checks } = JSON.parse(out) as { checks: readonly Found[] };
  const of = (id: string) => {
    const check = checks.find((one) => one.id === id);
    const [finding] = check?.findings ?? [];
    if (check === undefined || finding === undefined) throw new Error(`nothing of ${id}`);
    return { ...finding, result: check.result };
  };
  return { exit, err, checks, of };
}

async function proofOf(scene: JobScene) {
  const { stdout } = await scene.run(["status", "--json"]);
  return JSON.parse(stdout).logins[0].proof;
}

/** A scene whose `claude` is this shell script. */
async function sceneWith(script: string): Promise<JobScene> {
  const scene = withJobs(await openScene(), script);
  scene.write(scene.sandbox.signIn());
  return scene;
}

function leftOvers({ state }: JobScene): readonly string[] {
  const folder = join(state, "projections");
  return existsSync(folder) ? readdirSync(folder) : [];
}

const accessOf = ({ document }: JobScene) => fingerprintOf(document().claudeAiOauth.accessToken);

/** A server on loopback. @returns its URL */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Nobody listens there any more. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe("the credential that jobs use", () => {
  it("is proved by one hello, of which the record and the other checks know", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    const text = scene.text();
    const { exit, err, checks, of } = await examine(scene);
    expect([exit, err]).toEqual([0, ""]);
    expect(checks.map(({ id }) => id)).toEqual(
      [...DOCTOR_CHECKS, ...ONLINE_CHECKS].map(({ id }) => id),
    );
    const evidence = `the server accepts the stored login (${accessOf(scene)})`;
    expect(of("credential-accepted")).toMatchObject({ result: "ok", evidence });
    expect(of("login-state").evidence).toMatch(/^fresh, proved by hello \d s ago$/);
    expect(of("server-clock").evidence).toMatch(/^api\.anthropic\.com answers .*clocks agree/);
    expect(of("token-host").result).toBe("ok");
    expect(await proofOf(scene)).toMatchObject({ state: "proved", by: "hello" });
    expect(asked(scene)).toHaveLength(1);
    expect([scene.text(), leftOvers(scene), scene.sandbox.tokenPosts()]).toEqual([text, [], []]);
    const rows = (await historyOf(scene)).map(({ kind, code }) => `${kind} ${code}`);
    expect(rows).toEqual(["verdict proved"]);
  });

  it("shows no credential to a server that it only looks at, and says who it is", async () => {
    const scene = await openJobScene("2.1.329");
    scene.write(scene.sandbox.signIn());
    await examine(scene, { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-key" });
    const looks = scene.sandbox.requests().filter(({ method }) => method === "HEAD");
    expect(looks.map(({ path }) => path)).toEqual(["/", "/"]);
    expect(looks.map(({ host }) => host)).toContain("api.anthropic.com");
    for (const { credentialHeaders, userAgent } of looks) {
      expect(credentialHeaders).toEqual([]);
      expect(userAgent).toMatch(/^pilotlight\//);
    }
  });

  it.each([
    // Which would refresh, if it could.
    ["2.1.329", /^the stored login \(sha256:\w{8}\): hello was refused: .*revoked/],
    ["2.1.104", /^the stored login .* hello was refused: .*revoked.* \(request_id req_\w+\)$/],
  ] as const)(
    "is a warning when the server rejects it early and it can be refreshed, and %s spends nothing on it",
    async (version, said) => {
      const scene = await openJobScene(version);
      scene.write(scene.sandbox.signIn());
      scene.sandbox.revokeAccess();
      const text = scene.text();
      const { exit, of } = await examine(scene);
      expect(exit).toBe(0);
      expect(of("credential-accepted")).toMatchObject({
        result: "warning",
        code: null,
        command: "pilotlight refresh",
        evidence: expect.stringMatching(said),
        fm: expect.arrayContaining(["FM-02"]),
      });
      expect(of("login-state").result).toBe("warning");
      expect([scene.sandbox.tokenPosts(), scene.text(), leftOvers(scene)]).toEqual([[], text, []]);
      expect(await proofOf(scene)).toMatchObject({ state: "refuted", by: "hello" });
      // The word is the server's: the next refresh needs no --force.
      expect((await scene.run(["refresh"])).code).toBe(0);
      expect(scene.sandbox.grants().refreshes).toBe(1);
    },
  );

  it("sends whoever cannot refresh to a sign-in", async () => {
    const scene = await openJobScene("2.1.104");
    const { refreshToken: _, ...access } = scene.sandbox.signIn().claudeAiOauth;
    scene.write({ claudeAiOauth: access });
    scene.sandbox.revokeAccess();
    const { exit, of } = await examine(scene);
    expect(exit).toBe(77);
    const command = "pilotlight login";
    expect(of("credential-accepted")).toMatchObject({ code: "auth_rejected", command });
    expect(of("token-host").result).toBe("skipped");
  });

  it("is not asked with when its token has ended", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn({ accessTokenLife: 0 }));
    const text = scene.text();
    const { exit, of } = await examine(scene);
    expect(exit).toBe(0);
    expect(of("credential-accepted")).toMatchObject({
      result: "skipped",
      evidence: expect.stringMatching(/^the access token ended .* ago/),
      command: "pilotlight refresh",
    });
    expect([asked(scene), scene.sandbox.tokenPosts(), scene.text()]).toEqual([[], [], text]);
    expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
  });

  it.each([
    ["a key", "ANTHROPIC_API_KEY", "sk-ant-api03-TEST-key", "messages-401-api-key"],
    ["a setup-token", "CLAUDE_CODE_OAUTH_TOKEN", `sk-ant-oat01-TEST${"x".repeat(91)}`, null],
  ] as const)(
    "is %s where that wins, and the login is not judged",
    async (_what, name, value, fault) => {
      const scene = await openJobScene("2.1.104");
      scene.write(scene.sandbox.signIn());
      if (fault !== null) scene.sandbox.fault({ name: fault, shouldRetry: false });
      const { of } = await examine(scene, { [name]: value });
      const place = `${name} (environment), which wins over the stored login: hello was refused: `;
      const found = of("credential-accepted");
      expect(found).toMatchObject(
        fault === null
          ? { code: "auth_rejected", command: "claude setup-token" }
          : { code: "wrong_credential", command: null },
      );
      expect(found.evidence.startsWith(place)).toBe(true);
      expect(JSON.stringify(found)).not.toContain("TEST");
      const [{ fingerprints }] = asked(scene) as [ReturnType<typeof asked>[number]];
      expect(Object.values(fingerprints)).toContain(fingerprintOf(value));
      expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
    },
  );

  it("is a key of the settings where that wins, and proved as such", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const settings = join(scene.home.configDir, "settings.json");
    writeFileSync(settings, '{"env":{"ANTHROPIC_API_KEY":"sk-ant-api03-TEST-key"}}');
    const { of } = await examine(scene);
    const place = `${settings} (env.ANTHROPIC_API_KEY)`;
    const evidence = `the server accepts ${place}, which wins over the stored login`;
    expect(of("credential-accepted")).toMatchObject({ result: "ok", evidence });
    expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
  });

  it.each([
    ["in words that are not known", "echo the moon is full; exit 3", "warning", "unproved: "],
    [
      "for something else of the request",
      `echo '${JSON.stringify({ type: "result", is_error: true, api_error_status: 404, result: "There's an issue with the selected model (none)".replace("'", "’") })}'; exit 1`,
      "ok",
      "the server accepts ",
    ],
    ["by nothing at all", "exit 0", "failure", "the stored login "],
  ])("is judged when hello ends %s", async (_how, script, result, opening) => {
    const scene = await sceneWith(script);
    const found = (await examine(scene)).of("credential-accepted");
    expect(found.result).toBe(result);
    expect(found.evidence.startsWith(opening)).toBe(true);
    const state = result === "ok" ? "proved" : "unproved";
    expect(await proofOf(scene)).toMatchObject({ state });
  });

  it.each([
    [
      "a gateway would get the login",
      { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" },
      "jobs go to 127.0.0.1:9, ",
    ],
    ["a cloud is used", { CLAUDE_CODE_USE_BEDROCK: "1" }, "jobs go to cloud:bedrock, "],
    ["a profile is used", { ANTHROPIC_PROFILE: "work" }, "a profile may be renewed by its use"],
    [
      "only the job has the token",
      { CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: "3" },
      "it comes through a file descriptor",
    ],
  ])("is not asked with where %s", async (_why, env, reason) => {
    const scene = await sceneWith('touch "$HOME/started"');
    const profiles = join(scene.env["ANTHROPIC_CONFIG_DIR"] ?? "", "configs");
    mkdirSync(profiles);
    const profile = '{"authentication":{"type":"oidc_federation"}}';
    writeFileSync(join(profiles, "work.json"), profile);
    const found = (await examine(scene, env)).of("credential-accepted");
    expect(found.result).toBe("skipped");
    expect(found.evidence.startsWith(reason)).toBe(true);
    expect(existsSync(join(scene.home.home, "started"))).toBe(false);
  });

  it("is not asked with where there is none, or where no claude is", async () => {
    const scene = withJobs(await openScene(), "exit 1");
    expect((await examine(scene)).of("credential-accepted").result).toBe("skipped");
    scene.write(scene.sandbox.signIn());
    const { exit, of } = await examine(scene, { PILOTLIGHT_CLAUDE: "no-such-claude" });
    expect([exit, of("credential-accepted").code]).toEqual([78, "cli_not_found"]);
  });

  it("is asked with again when it was replaced meanwhile", async () => {
    const scene = await openJobScene("2.1.104");
    const [first, second] = [scene.sandbox.signIn(), scene.sandbox.signIn()];
    scene.write(first);
    scene.sandbox.revokeAccess(first.claudeAiOauth.accessToken);
    const newer = join(scene.home.home, "newer.json");
    writeFileSync(newer, JSON.stringify(second));
    const claude = join(scene.path.split(":")[0] ?? "", "claude");
    const [shebang, ...script] = readFileSync(claude, "utf8").split("\n");
    writeFileSync(claude, [shebang, `cp '${newer}' '${scene.file}'`, ...script].join("\n"));
    expect((await examine(scene)).of("credential-accepted")).toMatchObject({
      result: "warning",
      evidence: expect.stringMatching(/^unproved: .* was replaced meanwhile$/),
    });
    expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
  });

  it("is proved although the proof cannot be noted", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    const lock = join(scene.home.configDir, ".oauth_refresh.lock");
    mkdirSync(lock);
    const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), 500);
    onTestFinished(() => clearInterval(beat));
    const { of } = await examine(scene, { PILOTLIGHT_LOCK_WAIT: "500ms" });
    expect(of("credential-accepted")).toMatchObject({
      result: "ok",
      evidence: expect.stringMatching(/; that could not be noted$/),
    });
    clearInterval(beat);
    rmSync(lock, { recursive: true });
    expect(await proofOf(scene)).toMatchObject({ state: "unproved" });
  });

  /** Two logins, each in a directory of its own. */
  function putLogins(scene: JobScene): Env {
    const path = join(scene.home.home, "config.toml");
    for (const name of ["a", "b"]) {
      const dir = join(scene.home.home, name);
      mkdirSync(dir);
      writeFileSync(join(dir, ".credentials.json"), JSON.stringify(scene.sandbox.signIn()));
      writeFileSync(path, `[logins.${name}]\ndir = '${dir}'\n`, { flag: "a" });
    }
    return { PILOTLIGHT_CONFIG: path };
  }

  it("is proved for each login, or for the one that is named", async () => {
    const scene = await openJobScene("2.1.104");
    const env = putLogins(scene);
    const { checks } = await examine(scene, env);
    const both = checks.find(({ id }) => id === "credential-accepted");
    expect(both?.findings.map(({ login }) => login)).toEqual(["a", "b"]);
    expect(both?.result).toBe("ok");
    await examine(scene, env, "--login", "b");
    expect(asked(scene)).toHaveLength(3);
  });

  it("is proved by one claude at a time", async () => {
    const script = 'echo start >> "$HOME/log"; sleep 0.3; echo end >> "$HOME/log"; exit 1';
    const scene = withJobs(await openScene(), script);
    await examine(scene, putLogins(scene));
    const log = readFileSync(join(scene.home.home, "log"), "utf8");
    expect(log).toBe("start\nend\nstart\nend\n");
  });
});

describe("this clock", () => {
  const SECOND = 1000;
  const MINUTE = 60_000;
  const network = [] as const;
  const judged = (ahead: number | null, roundTrip = 400) => {
    const answer = { kind: "answered", status: 404, isPage: false, roundTrip, ahead } as const;
    const [found] = judgeClock({ kind: "asked", host: "api.test", answer, network });
    return found;
  };

  it.each([
    [0, "ok"],
    [MINUTE, "ok"],
    [MINUTE + 1, "warning"],
    [5 * MINUTE, "warning"],
    [5 * MINUTE + 1, "failure"],
    [-MINUTE, "ok"],
    [-MINUTE - 1, "warning"],
    [-5 * MINUTE, "warning"],
    [-5 * MINUTE - 1, "failure"],
  ])("that is %i ms ahead is %s", (ahead, result) => {
    expect(judged(ahead)?.result).toBe(result);
    expect(judged(ahead)?.code).toBe(result === "failure" ? "clock_wrong" : null);
  });

  it("is told with what was measured, how exactly, and what comes of it", () => {
    expect(judged(10 * MINUTE)).toMatchObject({
      evidence:
        "this clock is 10 min (600.0 s) ahead of that of api.test (± 0.7 s, round trip 0.4 s)",
      fix: expect.stringContaining("taken for ended while they live"),
    });
    expect(judged(-90 * SECOND)).toMatchObject({
      evidence: expect.stringMatching(/^this clock is 1 min 30 s \(90\.0 s\) behind that of/),
      fix: expect.stringContaining("renewed too late"),
    });
    expect(judged(null)).toMatchObject({ result: "skipped" });
  });

  /** A server whose clock is `shift` ms ahead of ours. */
  const shifted =
    (shift: number, age = 0): RequestListener =>
    (_request, response) => {
      response.setHeader("date", new Date(Date.now() + shift - age * SECOND).toUTCString());
      if (age > 0) response.setHeader("age", age);
      response.end();
    };

  it.each([
    ["that agrees", shifted(0), "ok", 0, "the clocks agree to "],
    ["that is two minutes behind", shifted(2 * MINUTE), "warning", 0, " behind that of "],
    ["that is ten minutes behind", shifted(10 * MINUTE), "failure", 78, " behind that of "],
    ["that is ten minutes ahead", shifted(-10 * MINUTE), "failure", 78, " ahead of that of "],
    ["that agrees with a cached answer", shifted(0, 3600), "ok", 0, "the clocks agree to "],
    [
      "to which no time is told",
      ((_request, response) => {
        response.sendDate = false;
        response.end();
      }) satisfies RequestListener,
      "skipped",
      0,
      "tells no time",
    ],
  ] as const)("%s is measured against the server's", async (_what, answer, result, exit, said) => {
    const scene = await sceneWith("exit 1");
    const url = await serve(answer);
    const env = { ANTHROPIC_BASE_URL: `${url}/gateway`, CLAUDE_CODE_SIMPLE: "1" };
    const examined = await examine(scene, env);
    expect(examined.of("server-clock").result).toBe(result);
    expect(examined.of("server-clock").evidence).toContain(said);
    expect(examined.exit).toBe(exit);
  });

  it("is not measured where the address is no safe one", async () => {
    const scene = await sceneWith("exit 1");
    const env = { ANTHROPIC_BASE_URL: "http://user:TESTpassword@gateway.invalid" };
    const found = (await examine(scene, env)).of("server-clock");
    expect(found).toMatchObject({ result: "skipped" });
    expect(JSON.stringify(found)).not.toContain("password");
  });
});

describe("a server that cannot be reached", () => {
  it("is a failure that names the reason and the proxy, and no password", async () => {
    const scene = await sceneWith("exit 1");
    const proxy = (await deadUrl()).replace("//", "//user:TESTpassword@");
    const env = { HTTPS_PROXY: proxy, https_proxy: proxy };
    const { exit, of } = await examine(scene, env);
    const { evidence, code } = of("server-clock");
    expect([exit, code]).toEqual([69, "network_unavailable"]);
    expect(evidence).toMatch(/^api\.anthropic\.com cannot be reached: .*ECONNREFUSED/);
    const { host } = new URL(proxy);
    expect(evidence).toContain(`HTTPS_PROXY (environment): ${host}`);
    expect(evidence).toContain("NODE_EXTRA_CA_CERTS (environment): ");
    expect(evidence).not.toMatch(/user|TESTpassword/);
  });

  it("is a failure behind a proxy that opens TLS, when its certificate is not trusted", async () => {
    const scene = await sceneWith("exit 1");
    const { evidence, code } = (await examine(scene, { NODE_EXTRA_CA_CERTS: "" })).of(
      "server-clock",
    );
    expect(code).toBe("network_unavailable");
    expect(evidence).toMatch(/certificate/);
  });

  it("trusts a certificate that only the settings name", async () => {
    const scene = await sceneWith("exit 1");
    const file = scene.env["NODE_EXTRA_CA_CERTS"] ?? "";
    const settings = join(scene.home.configDir, "settings.json");
    writeFileSync(settings, JSON.stringify({ env: { NODE_EXTRA_CA_CERTS: file } }));
    const { of } = await examine(scene, { NODE_EXTRA_CA_CERTS: "" });
    expect(of("server-clock").result).toBe("ok");
  });

  it("may be the one that renews logins only", async () => {
    const scene = await sceneWith("exit 1");
    const url = "https://not-let-through.invalid/v1/oauth/token";
    const { exit, of } = await examine(scene, { PILOTLIGHT_TOKEN_URL: url });
    expect([exit, of("server-clock").result]).toEqual([69, "ok"]);
    expect(of("token-host")).toMatchObject({
      code: "network_unavailable",
      evidence: expect.stringMatching(/^not-let-through\.invalid cannot be reached: .*403/),
      fix: expect.stringContaining("let not-let-through.invalid through"),
    });
  });

  it("is not the one that answers with a page: that is noted", async () => {
    const scene = await sceneWith("exit 1");
    const url = await serve((_request, response) => {
      response.writeHead(403, { "content-type": "text/html; charset=UTF-8" }).end();
    });
    const env = { PILOTLIGHT_TOKEN_URL: `${url}/v1/oauth/token`, ANTHROPIC_BASE_URL: url };
    const { of } = await examine(scene, env);
    expect([of("server-clock").result, of("token-host").result]).toEqual(["note", "note"]);
    expect(of("token-host").evidence).toContain("403 with a page");
  });
});

describe("doctor --online", () => {
  it("mends first where it is told to, and asks then", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    chmodSync(scene.file, 0o644);
    const bundle = join(scene.home.home, "bundle.json");
    const { exit, of } = await examine(scene, {}, "--fix", "--yes", "--bundle", bundle);
    expect(exit).toBe(0);
    expect(statSync(scene.file).mode & 0o777).toBe(0o600);
    expect([of("store-owner").result, of("credential-accepted").result]).toEqual(["ok", "ok"]);
    expect(readFileSync(bundle, "utf8")).toContain('"credential-accepted"');
  });

  it("is refused where Claude Code itself has started it", async () => {
    const scene = await sceneWith("exit 1");
    const env = { ...scene.env, PATH: scene.path, PILOTLIGHT_NESTED: "1" };
    const { exit, err } = await runHere(["doctor", "--online"], env);
    expect(exit).toBe(78);
    expect(err).toMatch(/^pilotlight: nested: /);
  });

  it("tells people in the same words", async () => {
    const scene = await openJobScene("2.1.104");
    scene.write(scene.sandbox.signIn());
    scene.sandbox.revokeAccess();
    const { out } = await runHere(["doctor", "--online"], { ...scene.env, PATH: scene.path });
    expect(out).toMatch(
      /^warning {2}credential-accepted {2}the stored login .* \[FM-01 FM-02 .*\]\n {9}Refresh it; .*\n {9}\$ pilotlight refresh$/m,
    );
  });
});
