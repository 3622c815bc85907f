import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { isolatedHome } from "../support/isolated.ts";
import { type Batch, batchOf, numbersFrom } from "./nonsense.ts";
import { type RawAnswer, type RawConnection, rawConnection } from "./raw-http.ts";
import { TOKEN } from "./small-keeper.ts";

/** How many requests; 100,000 take a minute or so. */
const REQUESTS = Number(process.env["PILOTLIGHT_FUZZ"] ?? 3000);
const SEED = Number(process.env["PILOTLIGHT_FUZZ_SEED"] ?? 20_261_121);
const PER_CONNECTION = 40;
const AT_ONCE = 12;
const MIB = 1024 * 1024;

interface Report {
  readonly rss: number;
  readonly heapUsed: number;
  readonly connections: number;
  readonly watchers: number;
  readonly errors: readonly string[];
}

const STATUSES = [200, 303, 400, 401, 403, 404, 405, 410, 413, 414, 417, 421, 431, 408, 503];

/** Whether an answer is what the face gives, or node's own without a body. */
function checkAnswer({ status, headers, body }: RawAnswer, isHead: boolean, request: string): void {
  if (!STATUSES.includes(status)) throw new Error(`${status} to ${JSON.stringify(request)}`);
  if (/TEST|\n\s+at |node_modules|\.ts:\d|sk-ant-/.test(body)) throw new Error(`leak: ${body}`);
  const type = headers.get("content-type") ?? "";
  if (body !== "" && headers.get("x-content-type-options") !== "nosniff") {
    throw new Error(`no safe headers: ${status} ${body}`);
  }
  if (isHead || type !== "application/problem+json") return;
  const problem = JSON.parse(body) as Record<string, unknown>;
  if (problem["status"] !== status || typeof problem["code"] !== "string") throw new Error(body);
}

/** @returns how many of each status came */
async function fuzz(port: number, requests: number, random: () => number) {
  const seen = new Map<number, number>();
  let left = requests;
  const worker = async () => {
    while (left > 0) {
      const size = Math.min(left, PER_CONNECTION);
      left -= size;
      const batch = batchOf(size, random, { port, token: TOKEN });
      const connection = await rawConnection(port);
      connection.expectBodies(!batch.isHead);
      connection.send(Buffer.from(batch.framed.join(""), "latin1"));
      const answers: RawAnswer[] = [];
      while (answers.length < size) {
        const more = await connection.answers(1);
        if (more.length === 0) {
          const last = JSON.stringify(answers.at(-1));
          throw new Error(`closed after ${last} to ${batch.framed[answers.length - 1]}`);
        }
        answers.push(...more);
      }
      if (answers.length !== size) throw new Error("more answers than requests");
      for (const [index, answer] of answers.entries()) {
        checkAnswer(answer, batch.isHead, batch.framed[index] ?? "");
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      }
      if (batch.breaker !== null) await breakOff(connection, batch);
      connection.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return seen;
}

async function breakOff(connection: RawConnection, batch: Batch): Promise<void> {
  connection.expectBodies(true);
  connection.send(Buffer.from(batch.breaker ?? "", "latin1"));
  if (batch.isSlow) await connection.closed();
  // A mutation may have left it whole, and then the connection stays open until the server is tired of it.
  const answers = await Promise.race([connection.answers(1), sleep(50, [])]);
  for (const answer of answers) checkAnswer(answer, false, batch.breaker ?? "");
}

async function ask(child: ChildProcess): Promise<Report> {
  child.send("report");
  const [report] = (await once(child, "message")) as [Report];
  return report;
}

async function start() {
  const { env, cleanup } = isolatedHome();
  const program = fileURLToPath(new URL("fixtures/fuzzed-server.ts", import.meta.url));
  const child = fork(program, {
    env,
    // V8's young generation would grow under load, and hide what is held on to.
    execArgv: ["--expose-gc", "--max-semi-space-size=4"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.once("close", cleanup);
  onTestFinished(() => void child.kill());
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port, said: () => said };
}

describe("a server that is sent nonsense", () => {
  it(
    `answers ${REQUESTS} requests, tells no secret, and holds on to nothing`,
    { timeout: 60_000 + REQUESTS * 10 },
    async () => {
      const { child, port, said } = await start();
      const random = numbersFrom(SEED);
      await fuzz(port, 1000, random);
      const reports = [await ask(child)];
      const started = performance.now();
      const seen = new Map<number, number>();
      for (let quarter = 0; quarter < 4; quarter += 1) {
        for (const [status, count] of await fuzz(port, REQUESTS / 4, random)) {
          seen.set(status, (seen.get(status) ?? 0) + count);
        }
        reports.push(await ask(child));
      }
      const seconds = (performance.now() - started) / 1000;
      let after = await ask(child);
      // What was left half open is given up by and by.
      for (let tries = 0; after.connections > 0 && tries < 100; tries += 1) {
        await sleep(100);
        after = await ask(child);
      }
      const mib = (key: "rss" | "heapUsed") =>
        reports.map((report) => (report[key] / MIB).toFixed(0)).join(" → ");
      console.info(
        `seed ${SEED}: ${REQUESTS} requests in ${seconds.toFixed(1)} s;`,
        `RSS ${mib("rss")} MiB, heap ${mib("heapUsed")} MiB;`,
        [...seen]
          .toSorted(([a], [b]) => a - b)
          .map(([status, count]) => `${status}: ${count}`)
          .join(", "),
      );
      const alive = await fetch(`http://127.0.0.1:${port}/livez`);
      expect(await alive.text()).toBe("ok\n");
      expect(after).toMatchObject({ connections: 0, watchers: 0, errors: [] });
      const [before] = reports;
      expect(after.heapUsed - (before?.heapUsed ?? 0)).toBeLessThan(8 * MIB);
      expect(after.rss - (before?.rss ?? 0)).toBeLessThan(48 * MIB);
      expect([...seen.keys()].toSorted((a, b) => a - b)).toEqual([
        200, 303, 400, 401, 403, 404, 405, 410, 414, 417, 421, 503,
      ]);
      child.send("close");
      await once(child, "close");
      expect(said()).toBe("");
    },
  );
});
