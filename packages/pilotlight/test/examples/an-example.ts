import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Reply, SandboxOptions } from "../../src/sandbox/index.ts";
import { type JobScene, withJobs } from "../e2e/run/a-job.ts";
import { openScene } from "../e2e/support/scene.ts";
import type { ClaudeBuild } from "../support/claude-builds.ts";

const FROM_SOURCE = new URL("../../../../scripts/from-source.mjs", import.meta.url).href;
const EXAMPLES = fileURLToPath(new URL("../../../../examples/", import.meta.url));

export const MODEL = "claude-sonnet-5-5";

/** How an example is started: `example("cron")`. */
export function example(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, "--import", FROM_SOURCE, `${EXAMPLES}${name}.ts`, ...args];
}

/** What an example needs in its environment to ask the sandbox with the vendor's SDK. */
export function keyFor({ sandbox }: JobScene): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: "sk-ant-api03-TEST-examples",
    ANTHROPIC_BASE_URL: sandbox.url,
    ASK_MODEL: MODEL,
  };
}

/** A scene with a login, whose Claude Code is the real one. */
export async function openRealScene(build: ClaudeBuild, sandbox: SandboxOptions = {}) {
  const scene = withJobs(await openScene({ build, sandbox }), "exit 1");
  scene.write(scene.sandbox.signIn());
  return scene;
}

/** The model gives `value`: as the tool of Claude Code for structured output, where that is offered, else as text. */
export function structured(value: Readonly<Record<string, unknown>>): Reply {
  return ({ tools, messages }) => {
    const isOffered = JSON.stringify(tools).includes('"StructuredOutput"');
    if (!isOffered) return JSON.stringify(value);
    if (JSON.stringify(messages).includes("tool_result")) return "Done.";
    return [{ type: "tool_use", name: "StructuredOutput", input: value }];
  };
}

/** A service that runs. */
export interface Service {
  readonly url: string;
  ask(body: unknown, signal?: AbortSignal): Promise<Response>;
  /** Of `GET path`. */
  get(path: string): Promise<Response>;
  /** Ends it as a service manager does. */
  stop(): Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Starts an example that serves, on a free port. */
export async function openService(
  scene: JobScene,
  name: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Service> {
  const running = scene.begin(example(name, ...args), { env: { PORT: "0", ...env } });
  onTestFinished(() => running.kill("SIGKILL"));
  const url = await urlIn(running);
  return {
    url,
    ask: (body, signal) =>
      fetch(`${url}/ask`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...(signal !== undefined && { signal }),
      }),
    get: (path) => fetch(`${url}${path}`),
    stop() {
      running.kill("SIGTERM");
      return running.ended;
    },
  };
}

async function urlIn(running: ReturnType<JobScene["begin"]>): Promise<string> {
  let hasEnded = false;
  void running.ended.finally(() => (hasEnded = true));
  for (;;) {
    const url = /^listens on (\S+)$/m.exec(running.stdout())?.[1];
    if (url !== undefined) return url;
    if (hasEnded) throw new Error(`it does not serve: ${(await running.ended).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until `isSo`, for 20 s at most. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("it never came true");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
