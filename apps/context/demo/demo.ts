/**
 * The service on the sandbox: invented people, invented messages, an invented key, all on 127.0.0.1. It prints what
 * `POST /api/v1/context` answers when all is well, when a fact changes, and when the key is refused.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "pilotlight/sandbox";
import { serveContext } from "../src/serve.ts";
import { readSettings } from "../src/settings.ts";
import { inventedModel } from "./invented-model.ts";

const started = performance.now();
// Nothing of whoever starts the demo is looked at.
for (const name of Object.keys(process.env)) {
  if (/^(ANTHROPIC|CLAUDE|CONTEXT|PILOTLIGHT)_/.test(name)) delete process.env[name];
}
const home = mkdtempSync(join(tmpdir(), "context-demo-"));
const sandbox = await startSandbox({ reply: inventedModel });
const env = {
  PATH: process.env["PATH"],
  HOME: home,
  CLAUDE_CONFIG_DIR: join(home, ".claude"),
  ANTHROPIC_CONFIG_DIR: join(home, ".config", "anthropic"),
  XDG_CONFIG_HOME: join(home, ".config"),
  XDG_STATE_HOME: join(home, ".local", "state"),
  ANTHROPIC_API_KEY: "sk-ant-api03-TEST-demo",
  ANTHROPIC_BASE_URL: sandbox.url,
  CONTEXT_MODEL: "claude-sonnet-5-5",
  CONTEXT_PORT: "0",
  CONTEXT_DATA: join(home, "data"),
};
const service = await serveContext(readSettings(env), { env, log: () => undefined });
try {
  await play();
} finally {
  await service.stop();
  await sandbox.stop();
  rmSync(home, { recursive: true, force: true });
}
console.log(`\n# all of it in ${((performance.now() - started) / 1000).toFixed(1)} s`);

async function play(): Promise<void> {
  await send("PUT", "/api/v1/entities/ada", { name: "Ada Lovelace" });
  const texts = [
    "Hello! Nice weather today.",
    "I moved to London last week.",
    "I am on call every Friday.",
    "Please no cake for me, I am allergic to walnuts.",
  ];
  const messages = texts.map((text, at) => ({ key: `chat-${at}`, author: "Ada", text }));
  await send("POST", "/api/v1/entities/ada/messages/bulk", { messages });
  await show("what is known of Ada", await context());

  for (const text of ["We relocated to Turin.", "I am no longer on call."]) {
    await send("POST", "/api/v1/entities/ada/messages", { author: "Ada", text });
  }
  await show("one fact has changed, one holds no longer", await context());

  sandbox.fault({ name: "messages-401-api-key" });
  await show("the key is refused: no empty list of facts, but a problem", await context());
  await show("and GET /healthz", await fetch(`${service.url}/healthz`));
  sandbox.clearFaults();
  await show("the key is good again", await context());
}

function context(): Promise<Response> {
  return send("POST", "/api/v1/context", { entityId: "ada" });
}

function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${service.url}${path}`, { method, headers, body: JSON.stringify(body) });
}

async function show(what: string, response: Response): Promise<void> {
  console.log(`\n# ${what}: ${response.status}`);
  console.log(JSON.stringify(await response.json(), null, 2));
}
