import type { Credential } from "../../../src/core/credential.ts";
import { isSamePair, pairOf } from "../../../src/core/credential.ts";
import type { Outcome } from "../../../src/core/outcome.ts";
import type { KeeperParts } from "../../../src/keeper/parts.ts";
import { refresh } from "../../../src/keeper/refresh.ts";
import type { RefreshOptions } from "../../../src/core/wanted.ts";
import type { Policy } from "./authority.ts";
import { textOf } from "./disk.ts";
import { keeperParts } from "./keeper-ports.ts";
import { signIn } from "./outsiders.ts";
import { Process } from "./process.ts";
import { World } from "./world.ts";

const HOUR = 3_600_000;

/** What a run came to, `threw` and a code, or `crashed`. */
export type Ended =
  Outcome | { readonly kind: "threw"; readonly code: string } | { kind: "crashed" };

const SEEDS: Record<Policy, number> = { revoke_family: 4, reject_reuse: 5, not_rotating: 6 };

/** One login on one host where nothing happens that the test does not say. */
export class Bench {
  readonly world: World;

  constructor(policy: Policy = "revoke_family", isQuietBuild = false) {
    this.world = new World(SEEDS[policy], false, { isResending: false, isQuietBuild });
    this.world.faults.end();
    signIn(this.world);
  }

  /** Lets time pass. */
  async hours(hours: number): Promise<void> {
    await this.world.timeline.run(this.world.timeline.now + hours * HOUR, () => false);
  }

  /** Starts a keeper; it runs as time passes. */
  start(options: Partial<RefreshOptions> = {}, change: Partial<KeeperParts> = {}): Promise<Ended> {
    const keeper = new Process(this.world, "keeper", options.force ?? false);
    const parts = { ...keeperParts(this.world, keeper), ...change };
    const run: Promise<Ended> = refresh(parts, { force: false, minTtl: 0, ...options }).catch(
      (error: unknown) => ({ kind: "threw", code: (error as { code: string }).code }),
    );
    return Promise.race([run, keeper.crashed.then(() => ({ kind: "crashed" }) as const)]);
  }

  /** Runs a keeper to its end. */
  async run(
    options: Partial<RefreshOptions> = {},
    change: Partial<KeeperParts> = {},
  ): Promise<Ended> {
    const ended = this.start(options, change);
    await this.until(ended);
    return ended;
  }

  async until(promise: Promise<unknown>): Promise<void> {
    let isOver = false;
    void promise.finally(() => {
      isOver = true;
    });
    const { timeline } = this.world;
    await timeline.run(timeline.now + 4 * HOUR, () => isOver);
    if (!isOver) throw new Error("it did not end within 4 hours");
  }

  get live(): Credential {
    const login = this.world.disk.login();
    if (login === null) throw new Error("there is no login in the store");
    return login;
  }

  get isLiving(): boolean {
    const login = this.world.disk.login();
    return login !== null && this.world.authority.isLive(textOf(login.refreshToken));
  }

  holds(credential: Credential): boolean {
    const login = this.world.disk.login();
    return login !== null && isSamePair(pairOf(login), pairOf(credential));
  }

  count(what: string): number {
    return this.world.counts.get(what) ?? 0;
  }
}

/** A bench whose access token has just come due (6 of its 8 hours are over). */
export async function dueBench(...policy: ConstructorParameters<typeof Bench>): Promise<Bench> {
  const bench = new Bench(...policy);
  await bench.hours(6.5);
  return bench;
}

/** Runs a keeper, and something else when its grant has just started. */
export async function runWith(bench: Bench, meanwhile: () => void): Promise<Ended> {
  bench.world.onGrant = meanwhile;
  const ended = await bench.run();
  bench.world.onGrant = () => {};
  return ended;
}

export function nameOf(ended: Ended): string {
  if (ended.kind === "unchanged") return `unchanged ${ended.reason}`;
  return "code" in ended ? `${ended.kind} ${ended.code}` : ended.kind;
}
