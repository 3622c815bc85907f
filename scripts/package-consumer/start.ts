/** What an installed package does for a program: run where it was installed, without its optional peers, in a HOME of its own. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLogin } from "pilotlight";
import { createClaude } from "pilotlight/orchestrator";
import { startSandbox } from "pilotlight/sandbox";

assert.equal(createClaude().plan().backend, "cli");
const direct = createClaude({ apiKey: "sk-ant-api03-TEST", model: "claude-haiku-4-5" });
assert.equal(direct.plan().backend, "api");
await assert.rejects(direct.ask({ prompt: "hello" }), { code: "config_invalid" });

const sandbox = await startSandbox();
try {
  const configDir = join(process.env["HOME"] ?? "", ".claude");
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  const file = join(configDir, ".credentials.json");
  writeFileSync(file, JSON.stringify(sandbox.signIn()), { mode: 0o600 });

  const env = { ...process.env, ...sandbox.env(), PILOTLIGHT_STAND_IN: "2.1.329" };
  assert.equal((await (await openLogin({ env })).status()).usable, true);
  const standIn = fileURLToPath(new URL("stand-in.mjs", import.meta.resolve("pilotlight/sandbox")));
  const claude = createClaude({ env, claude: [process.execPath, standIn] });
  const { text, credential } = await claude.ask({ prompt: "hello" });
  assert.deepEqual({ text, credential }, { text: "Hello from the sandbox.", credential: "oauth" });
} finally {
  await sandbox.stop();
}
