import { healthOf } from "../../../src/core/health.ts";
import { isSamePair, pairOf } from "../../../src/core/credential.ts";
import { refresh } from "../../../src/keeper/refresh.ts";
import { reject } from "../../../src/keeper/witness.ts";
import { BEGIN } from "./begin.ts";
import { textOf } from "./disk.ts";
import type { Weather } from "./faults.ts";
import { keeperParts } from "./keeper-ports.ts";
import { type Keeping, keeping } from "./keeping.ts";
import { signIn } from "./outsiders.ts";
import { Process } from "./process.ts";
import { World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What sixty days came to. */
export interface SixtyDays {
  readonly jobs: number;
  /** Jobs that failed although the login lived, the endpoint answered and the disk took writes. */
  readonly needless: readonly string[];
  /** Jobs that failed while the keeper said that all was well. */
  readonly silent: readonly string[];
  /** Jobs that failed as they had to, and loudly. */
  readonly failed: number;
  /** Hours before the login's end at which a person was first told; one for each end. */
  readonly notices: readonly number[];
  /** Times a person was called for nothing. */
  readonly falseAlarms: readonly string[];
  readonly signIns: number;
  readonly reuses: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** One daemon, a job every half hour, and the weather of two ordinary bad months; a person who acts late on every notice. */
export async function sixtyDays(seed: number): Promise<SixtyDays> {
  const world = new World(seed, false, { isResending: seed % 2 === 0, isQuietBuild: false });
  // Nothing by dice but what is thrown here.
  world.faults.end();
  signIn(world);
  const story = new Story(world);
  void story.crashNowAndThen();
  void story.weather();
  void story.revokeNowAndThen();
  void story.watch();
  void story.person();
  await story.jobs(60 * DAY);
  return story.told();
}

class Story {
  readonly #world: World;
  #kept: Keeping;
  #jobs = 0;
  #failed = 0;
  #signIns = 0;
  #calmSince = 0;
  readonly #needless: string[] = [];
  readonly #silent: string[] = [];
  readonly #notices: number[] = [];
  /** The ends of logins (epoch ms) that a person was told of. */
  readonly #noticed = new Set<number>();
  readonly #falseAlarms: string[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#kept = keeping(world);
  }

  /** A daemon is killed in the middle of anything, and started anew by its service manager. */
  async crashNowAndThen(): Promise<void> {
    const { timeline, random } = this.#world;
    for (;;) {
      await timeline.sleep(random.between(DAY, 6 * DAY));
      this.#world.count("keeper killed");
      this.#kept.process.crash();
      void this.#kept.keeper.stop();
      await timeline.sleep(5_000);
      this.#kept = keeping(this.#world);
    }
  }

  async weather(): Promise<void> {
    const { timeline, random, faults, disk, clock } = this.#world;
    const bad: readonly Weather[] = [
      "outage",
      "throttled",
      "offline",
      "slow",
      "store_full",
      "lossy",
    ];
    for (;;) {
      await timeline.sleep(random.between(4 * HOUR, 40 * HOUR));
      const kind = random.pick(bad);
      faults.weather = kind;
      disk.isStoreWritable = kind !== "store_full";
      const isStepped = random.chance(0.2);
      if (isStepped) clock.error = random.pick([-HOUR, -10 * MINUTE, 10 * MINUTE, HOUR]);
      this.#calmSince = Infinity;
      this.#world.count(isStepped ? "clock stepped" : kind);
      await timeline.sleep(random.between(5 * MINUTE, kind === "lossy" ? 20 * MINUTE : 5 * HOUR));
      faults.weather = "calm";
      disk.isStoreWritable = true;
      clock.error = 0;
      this.#calmSince = timeline.now;
    }
  }

  async revokeNowAndThen(): Promise<void> {
    const { timeline, random, authority, disk } = this.#world;
    for (;;) {
      await timeline.sleep(random.between(5 * DAY, 15 * DAY));
      this.#world.count("revoked early");
      authority.revokeAccess(textOf(disk.login()?.accessToken ?? null));
    }
  }

  /** Notes when a person is called, and what for. */
  async watch(): Promise<void> {
    const { timeline, disk } = this.#world;
    let called: string | null = null;
    for (;;) {
      const { action, loginEndsAt } = this.#health();
      const code = action?.by === "person" ? action.code : null;
      if (code === "login_ends_soon") {
        const end = Date.parse(loginEndsAt ?? "");
        if (!this.#noticed.has(end)) {
          this.#notices.push(Math.round((end - BEGIN - timeline.now) / HOUR));
        }
        this.#noticed.add(end);
      } else if (code !== null && code !== called) {
        const isReal = !disk.isStoreWritable || !this.#isLiving();
        if (!isReal) this.#falseAlarms.push(`${code} on day ${(timeline.now / DAY).toFixed(1)}`);
      }
      called = code;
      await timeline.sleep(MINUTE);
    }
  }

  /** Acts on the last hour that there is, and when the login is dead. */
  async person(): Promise<void> {
    const { timeline, disk, authority, clock } = this.#world;
    for (;;) {
      await timeline.sleep(10 * MINUTE);
      const end = authority.loginEndOf(textOf(disk.login()?.refreshToken ?? null));
      const isCalled = this.#health().action?.by === "person" && disk.isStoreWritable;
      if (!isCalled || (this.#isLiving() && end - clock.now() > HOUR)) continue;
      this.#signIns += 1;
      signIn(this.#world);
    }
  }

  /** What `pilotlight run` does, every half hour, without a daemon's help beyond the store. */
  async jobs(until: number): Promise<void> {
    const { timeline } = this.#world;
    let isOver = false;
    const run = async () => {
      while (timeline.now < until) {
        await timeline.sleep(30 * MINUTE);
        await this.#job();
      }
      isOver = true;
    };
    void run();
    await timeline.run(until + DAY, () => isOver);
  }

  async #job(): Promise<void> {
    const { timeline, disk, faults, authority } = this.#world;
    this.#jobs += 1;
    const seen = disk.login();
    const accepted = () => authority.accepts(textOf(disk.login()?.accessToken ?? null));
    if (accepted()) return;
    const me = new Process(this.#world, "job");
    const parts = keeperParts(this.#world, me);
    const wasLiving = this.#isLiving();
    if (seen?.accessToken != null) {
      await reject(parts, seen.accessToken.fingerprint, "run").catch(() => undefined);
    }
    await refresh(parts, { force: false, minTtl: 15 * MINUTE }).catch(() => undefined);
    if (accepted()) {
      this.#world.count("job mended the login");
      return;
    }
    this.#failed += 1;
    const day = `day ${(timeline.now / DAY).toFixed(2)}`;
    const isFine = timeline.now - this.#calmSince > 10 * MINUTE && faults.weather === "calm";
    const isDoubted = disk.journal !== null;
    if (isFine && wasLiving && !isDoubted) this.#needless.push(day);
    // The keeper looks every two minutes at the longest.
    await timeline.sleep(3 * MINUTE);
    const live = disk.login();
    const isRenewed = seen !== null && live !== null && !isSamePair(pairOf(live), pairOf(seen));
    if (!isRenewed && !accepted() && this.#health().health === "ok") this.#silent.push(day);
  }

  #health() {
    const [known] = this.#kept.keeper.logins();
    if (known === undefined) throw new Error("nothing is kept");
    return healthOf(known, this.#world.clock.now());
  }

  /** The server would take the refresh token of the store, or of what a journal or stage still holds. */
  #isLiving(): boolean {
    const { disk, authority } = this.#world;
    const held = [disk.login(), disk.journal?.issued ?? null, disk.record.generation];
    return held.some((login) => authority.isLive(textOf(login?.refreshToken ?? null)));
  }

  told(): SixtyDays {
    return {
      jobs: this.#jobs,
      needless: this.#needless,
      silent: this.#silent,
      failed: this.#failed,
      notices: this.#notices,
      falseAlarms: this.#falseAlarms,
      signIns: this.#signIns,
      reuses: this.#world.counts.get("reuse") ?? 0,
      counts: this.#world.counts,
    };
  }
}
