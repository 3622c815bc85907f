/**
 * Half an hour of the packed daemon on the sandbox at sixty times the speed of life (a token lives 8 minutes, a login 12
 * hours), with a real Claude Code and faults. `node scripts/soak.ts [minutes]`. Stops by itself; everything is on loopback.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fingerprintOf } from "../packages/pilotlight/src/claude/fingerprint.ts";
import { type Sandbox, startSandbox } from "../packages/pilotlight/src/sandbox/index.ts";
import { benchHome } from "./bench/timing.ts";

const MINUTE = 60_000;
const LOOK = 5_000;
const LIFE = 480;
const CACHE = fileURLToPath(new URL("../.cache/claude/2.1.329/node_modules", import.meta.url));
const CLAUDE = join(CACHE, "@anthropic-ai", "claude-code-linux-x64", "claude");
const CLI =
  process.env["PILOTLIGHT_SOAK_CLI"] ??
  fileURLToPath(new URL("../packages/pilotlight/dist/cli.mjs", import.meta.url));

const minutes = Number(process.argv[2] ?? 30);
const sandbox = await startSandbox({ accessTokenLife: LIFE, loginLife: 12 * 3600 });
const { home, file, env: bare, cleanup } = benchHome(sandbox.signIn());
const env = {
  ...bare,
  ...sandbox.env(),
  PILOTLIGHT_CLAUDE: CLAUDE,
  PILOTLIGHT_STATE_DIR: join(home, "state"),
};
const log = join(home, "keep.log");

/** What is done to it, and when; minutes of real time. */
const STORY: readonly (readonly [minute: number, what: string, act: () => void | Promise<void>])[] =
  [
    // Nothing that leaves a refresh in doubt or unexplained (a reset, a 500): what follows then is counted in quarters of an
    // hour and in lives of a token, and does not run sixty times faster.
    [
      3,
      "it is throttled for 20 s",
      () => sandbox.fault({ name: "token-429", times: 1, retryAfter: 20 }),
    ],
    [7, "the edge refuses three times", () => sandbox.fault({ name: "token-403-html", times: 3 })],
    [
      11,
      "the endpoint takes 20 s",
      () => sandbox.fault({ name: "token-slow", times: 1, delayMs: 20_000, rotateAt: "start" }),
    ],
    [15, "the daemon is killed and started anew", restart],
    [18, "the login is ended; a person signs in a minute later", endAndSignIn],
    [
      22,
      "it is throttled for 20 s once more",
      () => sandbox.fault({ name: "token-429", times: 1, retryAfter: 20 }),
    ],
  ];

interface Sample {
  readonly minute: number;
  readonly rss: number;
  /** Of a bare HTTP server; MiB as well. */
  readonly bareRss: number;
  readonly fds: number;
  /** Per cent of a core since the sample before. */
  readonly cpu: number;
  /** Seconds that the stored token has left; negative where the server would refuse it. */
  readonly left: number;
  readonly health: string;
  /** Whether a refresh is under way: the server revokes the old token when it rotates, before anybody can know the new one. */
  readonly isRefreshing: boolean;
}

const BARE = `import { createServer } from "node:http"; createServer((_, answer) => answer.end("ok")).listen(17451, "127.0.0.1")`;

/** What memory is compared with: modules as the daemon's, and looked at as often. */
const bareServer = spawn(process.execPath, ["--input-type=module", "-e", BARE], {
  env: bare,
  stdio: "ignore",
});
let daemon = start();
let lastCpu = 0;
let isDead = false;
const samples: Sample[] = [];
const begun = Date.now();
const done = new Set<string>();
try {
  while (Date.now() - begun < minutes * MINUTE) {
    await sleep(LOOK);
    const minute = (Date.now() - begun) / MINUTE;
    for (const [at, what, act] of STORY) {
      if (minute < at || done.has(what)) continue;
      done.add(what);
      console.log(`${minute.toFixed(1)} min: ${what}`);
      await act();
    }
    const seen = await sample(minute);
    samples.push(seen);
    if (seen.left < 0) {
      const meanwhile = seen.isRefreshing ? ", while it is being renewed" : "";
      console.log(`${minute.toFixed(1)} min: the stored token is not accepted${meanwhile}`);
    }
  }
  tell();
} finally {
  bareServer.kill();
  daemon.kill("SIGTERM");
  await new Promise((resolve) => daemon.once("exit", resolve));
  console.log(readFileSync(log, "utf8"));
  await sandbox.stop();
  cleanup();
}

function start(): ChildProcess {
  const child = spawn(process.execPath, [CLI, "keep", "--listen", "127.0.0.1:17450"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr.on("data", (text: Buffer) => appendFileSync(log, text));
  return child;
}

async function restart(): Promise<void> {
  daemon.kill("SIGKILL");
  await new Promise((resolve) => daemon.once("exit", resolve));
  daemon = start();
  lastCpu = 0;
  await sleep(3_000);
}

function endAndSignIn(): void {
  sandbox.endLogin();
  sandbox.revokeAccess();
  isDead = true;
  setTimeout(() => {
    writeFileSync(file, JSON.stringify(sandbox.signIn()), { mode: 0o600 });
    isDead = false;
  }, MINUTE);
}

async function sample(minute: number): Promise<Sample> {
  const { pid } = daemon;
  if (pid === undefined || !existsSync(`/proc/${pid}`)) throw new Error("the daemon is gone");
  await fetch("http://127.0.0.1:17451/").then((answer) => answer.text());
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const cpu = (Number(fields[11]) + Number(fields[12])) * 10;
  const used = lastCpu === 0 ? 0 : ((cpu - lastCpu) / LOOK) * 100;
  lastCpu = cpu;
  return {
    minute,
    rss: rssOf(pid),
    bareRss: rssOf(bareServer.pid),
    fds: readdirSync(`/proc/${pid}/fd`).length,
    cpu: used,
    left: secondsLeft(sandbox),
    ...(await healthOf()),
  };
}

function rssOf(pid: number | undefined): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

function secondsLeft({ logins }: Pick<Sandbox, "logins">): number {
  if (isDead) return Number.NaN;
  const { claudeAiOauth: login } = JSON.parse(readFileSync(file, "utf8")) as {
    claudeAiOauth: { accessToken: string; expiresAt: number };
  };
  const held = logins().find(({ accessToken }) => accessToken === fingerprintOf(login.accessToken));
  return held?.access === "live" ? (login.expiresAt - Date.now()) / 1000 : -1;
}

async function healthOf(): Promise<Pick<Sample, "health" | "isRefreshing">> {
  const answer = await fetch("http://127.0.0.1:17450/healthz").catch(() => null);
  if (answer === null) return { health: "none", isRefreshing: false };
  const { health, logins } = (await answer.json()) as {
    health: string;
    logins: readonly { activity: string }[];
  };
  return { health, isRefreshing: logins.some(({ activity }) => activity === "refreshing") };
}

/** The quarters show whether anything grows. */
function tell(): void {
  const quarter = Math.ceil(samples.length / 4);
  const of = (pick: (sample: Sample) => number) =>
    [0, 1, 2, 3].map((n) => {
      const part = samples
        .slice(n * quarter, (n + 1) * quarter)
        .map(pick)
        .toSorted((a, b) => a - b);
      return (part[part.length >> 1] ?? 0).toFixed(1);
    });
  const dead = samples.filter(({ left }) => left < 0);
  const missed = dead.filter(({ isRefreshing }) => !isRefreshing);
  const least = Math.min(...samples.map(({ left }) => (Number.isNaN(left) ? Infinity : left)));
  console.log(`RSS in MiB by quarter (medians): ${of(({ rss }) => rss).join(" → ")}`);
  console.log(`RSS of a bare server: ${of(({ bareRss }) => bareRss).join(" → ")}`);
  console.log(`open files by quarter: ${of(({ fds }) => fds).join(" → ")}`);
  console.log(
    `CPU in % by quarter: ${of(({ cpu }) => cpu).join(" → ")}; mean ${(samples.reduce((sum, { cpu }) => sum + cpu, 0) / samples.length).toFixed(2)}`,
  );
  console.log(
    `samples without a living token: ${missed.length} of ${samples.length}, and ${dead.length - missed.length} during a refresh; least left ${least.toFixed(0)} s of ${LIFE}`,
  );
  console.log(`grants: ${JSON.stringify(sandbox.grants())}`);
  const kinds = new Map<string, number>();
  for (const { health } of samples) kinds.set(health, (kinds.get(health) ?? 0) + 1);
  console.log(`health as sampled: ${JSON.stringify(Object.fromEntries(kinds))}`);
}
