import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import type { Credential } from "../../../src/core/credential.ts";
import { isSamePair, pairOf } from "../../../src/core/credential.ts";
import type { IssuedLogin } from "./authority.ts";
import { credentialFrom, textOf } from "./disk.ts";
import { type Answer, post } from "./endpoint.ts";
import { type LockName, tryLock, unlock } from "./locks.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;

/** A Claude Code on the same store. `new` is 2.1.216 and later, `old` 2.1.104: one lock, in-place writes, no blanking. */
export type CliKind = "new" | "old";

const HABITS = {
  new: { locks: ["refresh", "parent"], orphanAge: 60_000, lockWait: 30_000, posts: 3 },
  old: { locks: ["parent"], orphanAge: 10_000, lockWait: 8000, posts: 1 },
} as const satisfies Record<CliKind, object>;

/** One job of a CLI: it refreshes what ends within 5 minutes or was rejected by the server. */
export async function cliJob(world: World, kind: CliKind): Promise<void> {
  const me = new Process(world, `${kind} cli`);
  const habits = HABITS[kind];
  const seen = await me.step("read", () => world.disk.login());
  if (seen === null || !wantsRefresh(world, seen)) return;
  const held: LockName[] = [];
  const end = world.timeline.now + habits.lockWait;
  for (const name of habits.locks) {
    while (!(await me.step("lock", () => tryLock(world.disk, name, me, habits.orphanAge)))) {
      if (world.timeline.now > end) return release(world, me, held);
      await world.timeline.sleep(world.random.between(200, 1500));
    }
    held.push(name);
  }
  const live = await me.step("read again", () => world.disk.login());
  if (live !== null && wantsRefresh(world, live)) await spend(world, me, kind, live);
  if (me.isAlive) await release(world, me, held);
}

async function spend(world: World, me: Process, kind: CliKind, live: Credential): Promise<void> {
  for (let posts = 1; posts <= HABITS[kind].posts; posts += 1) {
    const answer = await post(world, textOf(live.refreshToken));
    world.note(`${me.name} spent ${live.refreshToken?.fingerprint}: ${answer.kind}`);
    if (world.faults.isOn && world.random.chance(0.02)) {
      world.count("CLI killed in mid-grant");
      return me.crash();
    }
    await settle(world, me, kind, live, answer);
    if (answer.kind !== "lost") return;
  }
}

async function settle(
  world: World,
  me: Process,
  kind: CliKind,
  live: Credential,
  answer: Answer,
): Promise<void> {
  if (answer.kind === "issued") {
    world.count(`${kind} CLI refreshed`);
    await (kind === "new"
      ? me.step("store", () => world.disk.putLogin(answer.login))
      : storeInPlace(world, me, answer.login));
  }
  if (answer.kind === "invalid_grant" && kind === "new") {
    await me.step("look at the store, then blank it", () => {
      const now = world.disk.login();
      if (now === null || !isSamePair(pairOf(now), pairOf(live))) return;
      world.disk.blank();
      world.count("blanked by a CLI");
    });
  }
}

/** Truncate, then write: whoever reads in between sees half of it, and a kill leaves it so. */
async function storeInPlace(world: World, me: Process, login: IssuedLogin): Promise<void> {
  const { disk } = world;
  const whole = credentialsFile.merge(disk.store, credentialFrom(login));
  await me.step("write half", () => {
    disk.store = whole.slice(0, whole.length / 2);
    world.count("torn write");
  });
  if (world.faults.isOn && world.random.chance(0.05)) return me.crash();
  await me.step("write the rest", () => disk.put(whole));
}

async function release(world: World, me: Process, held: readonly LockName[]): Promise<void> {
  for (const name of held.toReversed()) await me.step("unlock", () => unlock(world.disk, name, me));
}

function wantsRefresh(world: World, { accessToken, expiresAt }: Credential): boolean {
  if (expiresAt !== null && expiresAt - world.clock.now() < 5 * MINUTE) return true;
  return !world.authority.accepts(textOf(accessToken));
}

/** What people and accidents do to the store, at any moment, without a lock. */
export const MISCHIEF = {
  "sign-in": (world: World) => signIn(world),
  logout(world: World) {
    const live = world.disk.login();
    if (live !== null) world.authority.revokeFamily(textOf(live.refreshToken));
    world.disk.put(null);
    world.timeline.after(world.random.between(MINUTE, 300 * MINUTE), () => signIn(world));
  },
  blanking: (world: World) => world.disk.blank(),
  "backup restored"(world: World) {
    world.disk.put(world.random.pick(world.disk.history.slice(-12)));
  },
  "family revoked"(world: World) {
    const live = world.disk.login();
    if (live !== null) world.authority.revokeFamily(textOf(live.refreshToken));
  },
  "access token revoked"(world: World) {
    const live = world.disk.login();
    if (live !== null) world.authority.revokeAccess(textOf(live.accessToken));
  },
} as const satisfies Record<string, (world: World) => void>;

export function mischief(world: World, what: keyof typeof MISCHIEF): void {
  world.note(`mischief: ${what}`);
  world.count(what);
  MISCHIEF[what](world);
  world.witness.look(what);
}

export function signIn(world: World): void {
  world.note("a person signs in");
  world.disk.putLogin(world.authority.signIn());
  world.needsPerson = false;
  world.lastSignIn = world.timeline.now;
}
