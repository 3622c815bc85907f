import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { readConfig } from "../../../src/cli/config.ts";
import { proveByHello } from "../../../src/cli/proof/prove-by-hello.ts";
import { stateOf } from "../../../src/cli/state-of.ts";
import { systemClock } from "../../../src/cli/system-clock.ts";
import { isolatedHome } from "../../support/isolated.ts";
import { putLogin } from "../a-login.ts";

it("leaves a signal to whoever listens for it too, and takes no hello that it cut short for an answer", async () => {
  const home = isolatedHome();
  onTestFinished(() => home.cleanup());
  putLogin(home.configDir);
  const config = await readConfig({ ...home.env, PILOTLIGHT_STATE_DIR: home.stateDir });
  const [login] = config.logins;
  if (login === undefined) throw new Error("there is no login");
  const { store, records } = stateOf(config, login);
  const begun = join(home.home, "begun");
  const asking = proveByHello({
    config,
    login,
    command: ["sh", "-c", `: > '${begun}'; sleep 1; echo 'Not logged in' >&2; exit 1`],
    model: null,
    env: home.env,
    settings: { env: {}, apiKeyHelper: null },
    parts: { store, records, clock: systemClock, tell: () => undefined },
  });
  await vi.waitUntil(() => existsSync(begun));
  const folder = join(config.stateDir, "projections");
  expect(readdirSync(folder)).toHaveLength(1);

  const heard: string[] = [];
  const listener = (signal: NodeJS.Signals) => void heard.push(signal);
  process.on("SIGTERM", listener);
  onTestFinished(() => void process.off("SIGTERM", listener));
  process.kill(process.pid, "SIGTERM");
  await vi.waitUntil(() => heard.length > 0);
  expect(readdirSync(folder)).toEqual([]);
  expect(await asking).toMatchObject({ refusal: null, isNoted: false });
  expect(heard).toEqual(["SIGTERM"]);
  expect((await records.read()).verdict).toBeNull();
  expect(process.listeners("SIGTERM")).toEqual(expect.arrayContaining([listener]));
});
