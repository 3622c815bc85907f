import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CredentialsDocument } from "../../../src/sandbox/index.ts";
import { until } from "../support/expectations.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { type KeeperProcess, startKeeper } from "./a-keeper.ts";

/** One way to break a login, what every face then says, and what mends it. */
interface Breakage {
  readonly how: string;
  readonly code: string;
  readonly http: 200 | 503;
  readonly breaks: (scene: Scene) => void;
  readonly mends: (scene: Scene) => void;
}

const ended = (scene: Scene): CredentialsDocument => scene.sandbox.signIn({ accessTokenLife: 0 });
const signedIn = (scene: Scene): void => scene.write(scene.sandbox.signIn());

const BREAKAGES: readonly Breakage[] = [
  {
    how: "logs out",
    code: "no_credential",
    http: 503,
    breaks: ({ file }) => rmSync(file),
    mends: signedIn,
  },
  {
    how: "spoils the file",
    code: "credential_corrupt",
    http: 503,
    breaks: (scene) => scene.write('{"claudeAiOauth": '),
    mends: signedIn,
  },
  {
    how: "ends the login on the server",
    code: "login_ended",
    http: 503,
    breaks(scene) {
      scene.write(ended(scene));
      scene.sandbox.endLogin();
    },
    mends: signedIn,
  },
  {
    how: "takes the token endpoint away while the token has ended",
    code: "endpoint_unavailable",
    http: 503,
    breaks(scene) {
      scene.sandbox.fault({ name: "token-500", times: 1000 });
      scene.write(ended(scene));
    },
    mends: (scene) => scene.sandbox.clearFaults(),
  },
  {
    how: "takes the token endpoint away while the token lives",
    code: "endpoint_unavailable",
    http: 200,
    breaks(scene) {
      scene.sandbox.fault({ name: "token-503-html", times: 1000 });
      scene.write(scene.sandbox.signIn({ accessTokenLife: 1800 }));
    },
    mends: (scene) => scene.sandbox.clearFaults(),
  },
];

async function said(keeper: KeeperProcess, word: string): Promise<void> {
  await until(`the log to say ${word}`, () => keeper.running.said().includes(word));
}

describe("an operator who", () => {
  it.each(BREAKAGES)(
    "$how reads $code everywhere, follows it and is well again",
    async (breakage) => {
      const { code, http, breaks, mends } = breakage;
      const scene = await openScene();
      signedIn(scene);
      const keeper = await startKeeper(scene);
      await keeper.healthy(({ health }) => health === "ok");
      const before = keeper.running.said().length;

      breaks(scene);
      const answer = await keeper.healthy((now) => (now.code ?? codeOf(now)) === code);
      expect(answer.http).toBe(http);
      expect((await keeper.get("/readyz")).status).toBe(http);
      const { action } = answer.logins[0] as { action: { code: string; message: string } };
      expect(action.code).toBe(code);
      if (http === 503) expect(answer.action).toEqual(action);
      const report = await scene.run(["status", "--json"]);
      const { logins } = JSON.parse(report.stdout) as { logins: { action: { code: string } }[] };
      // That a try failed is the keeper's to know; the file alone only says that a refresh is due.
      expect([code, "refresh_due"]).toContain(logins[0]?.action.code);

      mends(scene);
      keeper.running.signal("SIGHUP");
      await keeper.healthy(({ health }) => health === "ok");
      const log = keeper.running.said().slice(before);
      if (code === "login_ended" || code === "endpoint_unavailable")
        expect(log).toContain(`${code}: `);
      expect(log).not.toContain("sk-ant-");
      expect(await keeper.end()).toMatchObject({ code: 0 });
    },
  );

  it("wants a command run on each event is told of it, without a secret", async () => {
    const scene = await openScene();
    signedIn(scene);
    const calls = join(scene.home.home, "calls");
    const folder = join(scene.home.env["XDG_CONFIG_HOME"] ?? "", "pilotlight");
    mkdirSync(folder, { recursive: true });
    const line = `echo "$PILOTLIGHT_EVENT $PILOTLIGHT_LOGIN $PILOTLIGHT_CODE $(env | grep -c TEST-secret)" >> ${calls}`;
    const config = [
      `on_refreshed = ${JSON.stringify(line)}`,
      `on_renewed = ["sh", "-c", ${JSON.stringify(line)}]`,
      `on_failed = ${JSON.stringify(`${line}; exit 3`)}`,
    ];
    writeFileSync(join(folder, "config.toml"), `${config.join("\n")}\n`);
    const env = { ANTHROPIC_AUTH_TOKEN: "TEST-secret" };
    const keeper = await startKeeper(scene, { env });
    await keeper.healthy(({ health }) => health === "ok");
    const lines = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);

    await new Promise((resolve) => setTimeout(resolve, 20));
    // A later sign-in ends later.
    signedIn(scene);
    await until("the first hook", () => lines().length === 1);
    scene.write(ended(scene));
    await until("a hook of the refresh", () =>
      lines().some((each) => each.startsWith("refreshed")),
    );
    scene.write(ended(scene));
    scene.sandbox.endLogin();
    await until("the hook of a failure", () => lines().some((each) => each.startsWith("failed")));
    expect(lines()).toContain("renewed default  0");
    expect(lines()).toContain("refreshed default  0");
    expect(lines()).toContain("failed default login_ended 0");
    await said(keeper, "the command for on_failed failed: it ended with 3");
    await keeper.end();
  });
});

function codeOf(answer: { readonly logins: readonly Record<string, unknown>[] }): unknown {
  return (answer.logins[0]?.["action"] as { code?: string } | null)?.code;
}
