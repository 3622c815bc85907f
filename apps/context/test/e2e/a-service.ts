import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Scene } from "../../../../packages/pilotlight/test/e2e/support/scene.ts";

const FROM_SOURCE = new URL("../../../../scripts/from-source.mjs", import.meta.url).href;
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type Body = Record<string, unknown>;

/** An answer of the service. */
export interface Told {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Body;
}

/** The service as a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  get(path: string): Promise<Told>;
  send(method: string, path: string, body: unknown): Promise<Told>;
  /** A message about Ada, and then her context. */
  say(text: string): Promise<Told>;
  context(): Promise<Told>;
  health(): Promise<Told>;
  log(): string;
  /** Sends TERM, or another signal; resolves with the exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServiceOptions {
  readonly env?: Record<string, string>;
  /** Put before the command line. */
  readonly within?: readonly string[];
}

/** Starts the service on a scene's machine, with Ada in its database. */
export async function startService(
  scene: Scene,
  { env = {}, within = [] }: ServiceOptions = {},
): Promise<ServiceProcess> {
  const own = { CONTEXT_PORT: "0", CONTEXT_DATA: join(scene.home.home, "data") };
  const argv = [...within, process.execPath, "--import", FROM_SOURCE, MAIN];
  const child = spawn(argv[0] ?? "", argv.slice(1), {
    cwd: scene.home.home,
    env: { ...scene.env, ...own, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const { url, log, ended } = await listening(child);
  const send = async (method: string, path: string, body?: unknown): Promise<Told> => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    const retryAfter = response.headers.get("retry-after");
    return { status: response.status, retryAfter, body: (await response.json()) as Body };
  };
  await send("PUT", "/api/v1/entities/ada", { name: "Ada Lovelace" });
  const context = () => send("POST", "/api/v1/context", { entityId: "ada" });
  return {
    url,
    send,
    context,
    log,
    get: (path) => send("GET", path),
    health: () => send("GET", "/healthz"),
    async say(text) {
      await send("POST", "/api/v1/entities/ada/messages", { author: "Ada", text });
      return context();
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}

async function listening(child: ChildProcess) {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (part: string) => void (text += part));
  }
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      hasEnded = true;
      resolve(code);
    });
  });
  for (;;) {
    const url = /^listens on (http:[^\s,]+)/m.exec(text)?.[1];
    if (url !== undefined) return { url, log: () => text, ended };
    if (hasEnded) throw new Error(`the service does not listen: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The texts of the facts in an answer. */
export function factsIn({ body }: Told): readonly string[] {
  return (body["facts"] as { readonly text: string }[]).map(({ text }) => text);
}
