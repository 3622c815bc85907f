import { spawn } from "node:child_process";
import { errnoOf } from "../../../src/core/errors.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoggedRequest, Sandbox } from "../../../src/sandbox/index.ts";
import type { Stage } from "./scene.ts";

/** What arrived of one run of Claude Code. */
export interface Arrival {
  /** The first Messages request; `null` where none came. */
  readonly request: LoggedRequest | null;
  /** Hosts that it asked the proxy for in vain. */
  readonly hosts: readonly string[];
  readonly grantTypes: readonly string[];
  /** `null` where it was ended because its request had been seen, or its time was up. */
  readonly code: number | null;
  readonly said: string;
}

const POLL = 20;

/** What an ended process had sent already must not be taken for the next one's. */
async function quiet(sandbox: Sandbox): Promise<void> {
  let seen = -1;
  while (seen !== sandbox.requests().length) {
    seen = sandbox.requests().length;
    await sleep(150);
  }
}

/** Starts a Claude Code in a scene and waits for its first Messages request, its end, or `limit` (ms). */
export async function arrivalOf(
  command: readonly string[],
  { cwd, env }: Stage,
  sandbox: Sandbox,
  limit = 20_000,
): Promise<Arrival> {
  const [file = "", ...args] = command;
  const before = sandbox.requests().length;
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => void (said += text));
  let code: number | null = null;
  let isOver = false;
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      code = status;
      isOver = true;
      resolve();
    });
  });
  const end = () => {
    if (child.pid === undefined || isOver) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // It may have ended by itself, and its output still be on the way.
      if (errnoOf(error) !== "ESRCH") throw error;
    }
  };
  process.once("exit", end);
  const mine = () => sandbox.requests().slice(before);
  const seen = () => mine().find(({ path }) => path === "/v1/messages");
  const deadline = performance.now() + limit;
  while (!isOver && seen() === undefined && performance.now() < deadline) {
    await Promise.race([sleep(POLL), ended]);
  }
  end();
  await ended;
  process.off("exit", end);
  await quiet(sandbox);
  return {
    request: seen() ?? null,
    hosts: [
      ...new Set(
        mine()
          .filter(({ path }) => path === "")
          .map(({ host }) => host),
      ),
    ],
    grantTypes: mine().flatMap(({ grantType }) => (grantType === null ? [] : [grantType])),
    code,
    said,
  };
}
