import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openLogin } from "../../src/cli/open-login.ts";
import { startSandbox } from "../../src/sandbox/index.ts";
import { isolatedHome } from "../support/isolated.ts";

async function signedIn(accessTokenLife: number, loginLife: number = 30 * 86_400) {
  const sandbox = await startSandbox();
  const home = isolatedHome();
  onTestFinished(async () => {
    await sandbox.stop();
    home.cleanup();
  });
  const document = JSON.stringify(sandbox.signIn({ accessTokenLife, loginLife }));
  writeFileSync(join(home.configDir, ".credentials.json"), document, { mode: 0o600 });
  return home.env;
}

describe("Login.check", () => {
  it("judges as the command does: nothing to say of a fresh login", async () => {
    const login = await openLogin({ env: await signedIn(28_800) });
    expect(await login.check()).toMatchObject({
      name: "default",
      state: "OK",
      code: null,
      remarks: [],
    });
  });

  it("has every remark on its own, the worst first", async () => {
    const env = {
      ...(await signedIn(0, 3 * 86_400)),
      ANTHROPIC_API_KEY: "sk-ant-api03-TEST-check",
    };
    const { state, code, remarks, text } = await (await openLogin({ env })).check();
    expect(remarks.map((one) => [one.state, one.code])).toEqual([
      ["WARNING", "refresh_due"],
      ["WARNING", "login_ends_soon"],
      ["WARNING", "credential_shadowed"],
    ]);
    expect([state, code, text]).toEqual([
      "WARNING",
      "refresh_due",
      remarks.map((one) => one.text).join("; "),
    ]);
  });

  it("takes other limits, and that jobs renew by themselves", async () => {
    const login = await openLogin({ env: await signedIn(0, 3 * 86_400) });
    const limits = { onDemand: true, warnLogin: 86_400_000, critLogin: 3_600_000 };
    expect(await login.check(limits)).toMatchObject({ state: "OK", remarks: [] });
    expect((await login.check({ critLogin: 4 * 86_400_000 })).state).toBe("CRITICAL");
  });
});
