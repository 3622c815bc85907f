import type { reject } from "../../../src/keeper/witness.ts";
import type { refresh } from "../../../src/keeper/refresh.ts";
import { textOf } from "./disk.ts";
import { keeperParts } from "./keeper-ports.ts";
import { cliJob, type CliKind, mischief, MISCHIEF, signIn } from "./outsiders.ts";
import { Process } from "./process.ts";
import { World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KEEPERS = 3;

/** Longer than every wait for locks, orphans and answers together: a call that takes longer hangs. */
const CALL_LIMIT = 20 * MINUTE;

/** The code under test: the real one, or a copy with one thing wrong. */
export interface KeeperCode {
  readonly refresh: typeof refresh;
  readonly reject: typeof reject;
}

export interface Story {
  readonly failure: string | null;
  readonly counts: ReadonlyMap<string, number>;
}

export interface Setting {
  readonly days: number;
  readonly isSuspending: boolean;
}

/** Lets several keepers look after one login for a virtual month in which everything goes wrong, then for a calm day. */
export async function simulate(code: KeeperCode, seed: number, setting: Setting): Promise<Story> {
  const world = new World(seed, setting.isSuspending);
  const isOver = () => world.failure !== null;
  signIn(world);
  for (let n = 1; n <= KEEPERS; n += 1) void keep(world, code, n);
  for (const kind of ["new", "new", "old"] as const) void runCli(world, kind);
  void world.faults.blow();
  void misbehave(world);
  void attend(world);
  world.onGrant = () => {
    if (world.faults.isOn && world.random.chance(0.15)) disturb(world);
  };
  await world.timeline.run(setting.days * DAY, isOver);
  await calm(world, isOver);
  return { failure: world.failure, counts: world.counts };
}

/** One keeper: a run now and then, half of them on the same minute as everybody else's. */
async function keep(world: World, code: KeeperCode, n: number): Promise<void> {
  const { timeline, random } = world;
  for (;;) {
    await timeline.sleep(pause(world));
    const keeper = new Process(world, `keeper ${n}`, world.faults.isOn && random.chance(0.01));
    await noticeRejection(world, code, n);
    const options = { force: keeper.isForced, minTtl: random.pick([0, 0, 15, 30]) * MINUTE };
    const begin = timeline.now;
    const run = code
      .refresh(keeperParts(world, keeper), options)
      .catch((error: unknown) => caught(world, keeper, error));
    await Promise.race([run, keeper.crashed]);
    if (keeper.isAlive && timeline.now - begin - keeper.frozenFor > CALL_LIMIT)
      world.fail(`every call must end within 20 minutes, this one took ${timeline.now - begin} ms`);
    if (!keeper.isAlive) await timeline.sleep(random.between(5000, 30 * MINUTE));
  }
}

function caught(world: World, keeper: Process, error: unknown): void {
  const code = codeOf(error);
  if (code === null) world.fail(`a keeper may throw only its own errors: ${String(error)}`);
  world.count(`threw ${code}`);
  world.note(`${keeper.name} threw ${code}`);
  // Who was suspended between its look and its word tells what was there before.
  const isRecent = world.isSignInRecent(keeper.frozenFor);
  const isTorn = world.disk.read().state === "unreadable" || isRecent;
  if (code === "credential_corrupt" && !isTorn)
    world.fail("a file that is being written must not be called corrupt");
  if (code === "no_credential" || code === "credential_corrupt") world.needsPerson = true;
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== "PilotlightError") return null;
  return "code" in error ? String(error.code) : null;
}

function pause({ random, timeline, faults }: World): number {
  if (faults.isOn && random.chance(0.01)) return random.between(6 * HOUR, 20 * HOUR);
  if (random.chance(0.4)) return random.between(5 * MINUTE, 75 * MINUTE);
  return 30 * MINUTE - (timeline.now % (30 * MINUTE)) + random.between(0, 400);
}

/** A job of ours was answered 401 and says so, as `run` does. */
async function noticeRejection(world: World, code: KeeperCode, n: number): Promise<void> {
  const access = world.disk.login()?.accessToken ?? null;
  if (access === null || world.authority.accepts(textOf(access))) return;
  if (world.faults.isOn && !world.random.chance(0.3)) return;
  const watcher = new Process(world, `keeper ${n}'s job`);
  const told = code
    .reject(keeperParts(world, watcher), access.fingerprint, "run")
    .then((isPresent) => isPresent && world.witness.rejectionNoted(access.fingerprint))
    .catch((error: unknown) => caught(world, watcher, error));
  await Promise.race([told, watcher.crashed]);
}

async function runCli(world: World, kind: CliKind): Promise<void> {
  while (world.faults.isOn) {
    await world.timeline.sleep(world.random.between(0, 3 * HOUR) + pause(world));
    if (world.faults.isOn) await cliJob(world, kind);
  }
}

async function misbehave(world: World): Promise<void> {
  const { timeline, random, faults } = world;
  for (;;) {
    await timeline.sleep(random.between(DAY, 6 * DAY));
    if (!faults.isOn) return;
    mischief(world, random.pick(Object.keys(MISCHIEF) as (keyof typeof MISCHIEF)[]));
  }
}

/** Something happens while a grant is in flight. */
function disturb(world: World): void {
  const { random, timeline } = world;
  timeline.after(random.between(0, 6000), () => {
    if (!world.faults.isOn) return;
    const what = random.pick(["sign-in", "logout", "blanking", "backup restored", "cli"] as const);
    if (what === "cli") void cliJob(world, random.pick(["new", "old"]));
    else mischief(world, what);
  });
}

/** The person who signs in, hours after somebody has said that it takes one. */
async function attend(world: World): Promise<void> {
  while (world.faults.isOn) {
    await world.timeline.sleep(world.random.between(0.5 * HOUR, 3 * HOUR));
    if (world.needsPerson && world.faults.isOn && world.random.chance(0.5)) {
      world.count("sign-in asked for");
      signIn(world);
    }
  }
}

/** All faults have ended: what can live must live by itself, and the rest after one sign-in. */
async function calm(world: World, isOver: () => boolean): Promise<void> {
  const { timeline, faults, disk } = world;
  if (isOver()) return;
  faults.end();
  world.note("calm");
  const mustLive = canLive(world);
  await timeline.run(timeline.now + DAY, isOver);
  if (isOver() || isWell(world)) return;
  const record = disk.journal;
  if (mustLive && !(record?.step === "in_doubt" && record.retried))
    world.fail("without faults, a login that lives on the server must live here");
  signIn(world);
  await timeline.run(timeline.now + DAY, isOver);
  if (!isWell(world)) world.fail("without faults, a sign-in must settle everything");
}

/** True when the store, or else what we keep for its repair, holds a refresh token that the server accepts. */
function canLive({ disk, authority, clock }: World): boolean {
  const live = disk.login();
  const isSpent = disk.record.spent.includes(live?.refreshToken?.fingerprint ?? "sha256:none");
  const entry = disk.read();
  if (entry.state === "absent") return false;
  const isLost = entry.state === "present" && (live === null || isSpent);
  const kept = isLost ? (disk.journal?.issued ?? disk.record.generation) : live;
  const token = textOf(kept?.refreshToken ?? null);
  return authority.isLive(token) && authority.loginEndOf(token) > clock.now() + 2 * DAY;
}

function isWell({ disk, authority, needsPerson }: World): boolean {
  const live = disk.login();
  return !needsPerson && live !== null && authority.accepts(textOf(live.accessToken));
}
