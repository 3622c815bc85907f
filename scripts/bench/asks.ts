import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Orchestrator from "../../packages/pilotlight/src/orchestrator.ts";
import type { SandboxState } from "../../packages/pilotlight/src/sandbox/index.ts";
import type { Row } from "../bench.ts";
import { benchHome, CLI, printTimes, quantile, STAND_IN } from "./timing.ts";

const MODEL = "claude-haiku-4-5";
const KEY = `sk-ant-api03-TEST${"k".repeat(80)}`;
const PROMPT = "say hello";

/** Puts the question once, and ends with the answer's text. */
type Way = () => Promise<string>;

/** What `ask` adds to the call that a program would have made without it, one at a time and twenty. */
export async function benchAsks(): Promise<readonly Row[]> {
  // The SDK looks into this process's own environment.
  for (const name of Object.keys(process.env)) {
    if (/^(ANTHROPIC|CLAUDE)_/.test(name)) delete process.env[name];
  }
  const sandbox = await sandboxApart();
  const { home, env, cleanup } = benchHome(sandbox.document);
  try {
    const { createClaude } = await packed(home);
    const options = { concurrency: 20, model: MODEL };
    const direct = { ...env, ANTHROPIC_BASE_URL: sandbox.url };
    const api = createClaude({ ...options, apiKey: KEY, env: direct, backend: "api" });
    const child = { ...env, ...sandbox.env, PILOTLIGHT_STAND_IN: "2.1.329" };
    const claude = [process.execPath, STAND_IN];
    const cli = createClaude({ ...options, env: child, claude, backend: "cli" });
    const sdk = await bareSdk(sandbox.url);
    const spawned = () => bareChild(claude, child);
    const ask = (one: Orchestrator.Claude) => async () => (await one.ask({ prompt: PROMPT })).text;
    const byApi = { what: "`ask` by the API", bare: "the bare SDK" };
    const byCli = { what: "`ask` by the CLI", bare: "the bare `claude -p`" };
    return [
      await comparison(byApi, ask(api), sdk, { atOnce: 1, rounds: 300 }),
      await comparison(byApi, ask(api), sdk, { atOnce: 20, rounds: 40 }),
      await comparison(byCli, ask(cli), spawned, { atOnce: 1, rounds: 20 }),
      await comparison(byCli, ask(cli), spawned, { atOnce: 20, rounds: 3 }),
    ];
  } finally {
    cleanup();
    sandbox.stop();
  }
}

/** A sandbox in a process of its own: in this one its work would count as ours. */
async function sandboxApart() {
  const env = { PATH: process.env["PATH"] ?? "" };
  const child = spawn(process.execPath, [CLI, "sandbox", "--json"], { env });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { url, env: variables } = JSON.parse(line) as Pick<SandboxState, "url" | "env">;
  const signedIn = await fetch(`${url}/_sandbox/sign-in`, { method: "POST", body: "{}" });
  return { url, env: variables, document: await signedIn.json(), stop: () => child.kill() };
}

/** The package as it is installed: beside its sources its launcher would start those. */
async function packed(home: string): Promise<typeof Orchestrator> {
  const from = fileURLToPath(new URL("../../packages/pilotlight/", import.meta.url));
  const to = join(home, "node_modules", "pilotlight");
  for (const part of ["bin", "dist", "package.json"])
    cpSync(join(from, part), join(to, part), { recursive: true });
  const peers = fileURLToPath(new URL("../../node_modules/@anthropic-ai", import.meta.url));
  symlinkSync(peers, join(home, "node_modules", "@anthropic-ai"));
  return import(pathToFileURL(join(to, "dist", "orchestrator.mjs")).href);
}

/** The very call that the API backend makes. */
async function bareSdk(baseURL: string): Promise<Way> {
  const { default: Sdk } = await import("@anthropic-ai/sdk");
  const sdk = new Sdk({ apiKey: KEY, baseURL, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: PROMPT }];
  return async () => {
    const stream = sdk.messages.stream({ model: MODEL, max_tokens: 8192, messages });
    const { content } = await stream.finalMessage();
    return content.map((block) => (block.type === "text" ? block.text : "")).join("");
  };
}

/** The very child that the CLI backend has started. */
function bareChild([program = "", ...words]: readonly string[], env: Record<string, string>) {
  const flags = ["-p", "--verbose", "--output-format", "stream-json", "--model", MODEL];
  return new Promise<string>((resolve, reject) => {
    const child = spawn(program, [...words, ...flags, "--tools", ""], { env, stdio: "pipe" });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
    child.stderr.resume();
    child.stdin.end(PROMPT);
    child.once("error", reject);
    child.once("close", () => {
      const result = JSON.parse(out.trim().split("\n").at(-1) ?? "") as { readonly result: string };
      resolve(result.result);
    });
  });
}

async function comparison(
  { what, bare: name }: { readonly what: string; readonly bare: string },
  ask: Way,
  bare: Way,
  { atOnce, rounds }: { readonly atOnce: number; readonly rounds: number },
): Promise<Row> {
  const asked: number[] = [];
  const floor: number[] = [];
  // The first of each loads what it needs.
  await timed(ask, 1);
  await timed(bare, 1);
  for (let round = 0; round < rounds; round += 1) {
    floor.push(await timed(bare, atOnce));
    asked.push(await timed(ask, atOnce));
  }
  asked.sort((a, b) => a - b);
  floor.sort((a, b) => a - b);
  return {
    what: `${what}, ${atOnce} at once (${rounds} times)`,
    measured: printTimes(asked),
    floor: `${name} ${printTimes(floor)}`,
    ratio: (quantile(asked, 0.5) / quantile(floor, 0.5)).toFixed(2),
    target: "–",
  };
}

/** @returns ms. @throws Error where an answer is not the sandbox's: what does nothing is fast */
async function timed(way: Way, atOnce: number): Promise<number> {
  const start = performance.now();
  const answers = await Promise.all(Array.from({ length: atOnce }, way));
  const took = performance.now() - start;
  const odd = answers.find((text) => text !== "Hello from the sandbox.");
  if (odd !== undefined) throw new Error(`not the sandbox's answer: ${odd}`);
  return took;
}
