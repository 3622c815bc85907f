import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isolatedHome } from "../../../../packages/pilotlight/test/support/isolated.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

it("the demo prints the endpoint's JSON within 45 s, whatever is set around it", () => {
  const { env, cleanup } = isolatedHome();
  const odd = { ANTHROPIC_API_KEY: "sk-ant-api03-TEST-other", CONTEXT_AUTH: "subscription" };
  const started = performance.now();
  const ended = spawnSync("npm", ["run", "--silent", "demo", "-w", "apps/context"], {
    cwd: ROOT,
    env: { ...env, ...odd },
    encoding: "utf8",
    timeout: 45_000,
  });
  const seconds = (performance.now() - started) / 1000;
  cleanup();
  expect([ended.status, ended.stderr]).toEqual([0, ""]);
  expect(seconds).toBeLessThan(45);
  const answers = ended.stdout.split(/^# .*$/m).flatMap((text) => {
    return text.includes("{") ? [JSON.parse(text) as Record<string, unknown>] : [];
  });
  expect(answers).toMatchObject([
    { entityName: "Ada Lovelace", facts: [{}, {}, {}], stale: false },
    { facts: [{ text: "She lives in Turin." }, {}], extraction: { updated: 1, withdrawn: 1 } },
    { status: 503, code: "gateway_rejected", stale: true, facts: [{}, {}] },
    { status: "critical", credential: { auth: "api-key" } },
    { extraction: { outcome: "no_new_messages" }, stale: false },
  ]);
  expect(ended.stdout).not.toContain("sk-ant-");
}, 60_000);
