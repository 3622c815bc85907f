/** What the daemon costs while nothing is to be done: memory beside a bare HTTP server, and CPU; for 1 to 1,000 logins. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../bench.ts";
import { benchHome, CLI, freshDocument } from "./timing.ts";

const SETTLING = 15_000;
const WATCHED = 30_000;
const CURVE = [1, 10, 100, 1000] as const;

const BARE = `require("node:http").createServer((_, answer) => answer.end("ok")).listen(0, "127.0.0.1")`;

/** A process at rest. */
interface Rest {
  /** MiB, median. */
  readonly rss: number;
  /** Per cent of one core. */
  readonly cpu: number;
  readonly fds: number;
}

export async function benchKeeper(): Promise<Row[]> {
  const bare = await atRest(["-e", BARE], {});
  const rests: Rest[] = [];
  for (const count of CURVE) rests.push(await keeperOf(count));
  const [one] = rests;
  if (one === undefined) throw new Error("no keeper was measured");
  const curve = rests.map(({ rss, cpu, fds }, index): Row => ({
    what: `\`keep\`, ${CURVE[index]} login${index === 0 ? "" : "s"}, at rest`,
    measured: `${rss.toFixed(0)} MiB, ${cpu.toFixed(2)} % CPU, ${fds} files`,
    floor: index === 0 ? `${bare.rss.toFixed(0)} MiB: a bare \`node:http\` server` : "one login",
    ratio: (rss / (index === 0 ? bare.rss : one.rss)).toFixed(2),
    target: index === 0 ? "≤ 1.5, ≤ 0.1 % CPU" : `≤ ${CURVE[index]}`,
  }));
  return curve;
}

async function keeperOf(count: number): Promise<Rest> {
  const { home, env, cleanup } = benchHome(freshDocument());
  try {
    const names = Array.from({ length: count }, (_, index) => `bot${index}`);
    for (const name of names) {
      mkdirSync(join(home, name));
      const file = join(home, name, ".credentials.json");
      writeFileSync(file, JSON.stringify(freshDocument()), { mode: 0o600 });
    }
    const config = join(home, "config.toml");
    writeFileSync(
      config,
      names.map((name) => `[logins.${name}]\ndir = "${join(home, name)}"\n`).join(""),
    );
    const args = [CLI, "keep", "--listen", "127.0.0.1:0"];
    return await atRest(args, { ...env, PILOTLIGHT_CONFIG: config });
  } finally {
    cleanup();
  }
}

/** @throws where it ends before it was measured */
async function atRest(args: readonly string[], env: Record<string, string>): Promise<Rest> {
  const child = spawn(process.execPath, args, { env, stdio: "ignore" });
  const { pid } = child;
  if (pid === undefined) throw new Error("it could not be started");
  try {
    await sleep(SETTLING);
    const before = cpuOf(pid);
    const sizes: number[] = [];
    const end = performance.now() + WATCHED;
    while (performance.now() < end) {
      await sleep(1000);
      sizes.push(rssOf(pid));
    }
    const cpu = ((cpuOf(pid) - before) * 1000 * 100) / WATCHED;
    const fds = readdirSync(`/proc/${pid}/fd`).length;
    sizes.sort((a, b) => a - b);
    return { rss: sizes[sizes.length >> 1] ?? 0, cpu, fds };
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  }
}

/** Seconds of user and system time; Linux counts in hundredths. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** MiB */
function rssOf(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
