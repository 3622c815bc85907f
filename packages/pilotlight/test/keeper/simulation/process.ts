import type { World } from "./world.ts";

/** One run of a program on the simulated host. A crash ends it between two steps; nothing of it happens afterwards. */
export class Process {
  readonly name: string;
  readonly #world: World;
  #isAlive = true;
  /** Timeline ms since when its locks do not beat; `null` while they do. */
  #silentSince: number | null = null;
  /** ms it was suspended for in all. */
  frozenFor = 0;
  /** Timeline ms. */
  readonly beganAt: number;
  /** Timeline ms of its last lock taken and of its last look at the store. */
  lockedAt = -1;
  lookedAt = -1;
  /** Resolves when it has crashed. */
  readonly crashed: Promise<"crashed">;
  readonly isForced: boolean;
  /**
   * It has just made sure of its locks. The one step after that is safe from suspension here: between a look
   * and what it allows there is always a moment left, which only the size of an orphan's age makes improbable.
   */
  #isSure = false;
  #tellCrash: (word: "crashed") => void = () => {};

  constructor(world: World, name: string, isForced = false) {
    this.#world = world;
    this.name = name;
    this.isForced = isForced;
    this.beganAt = world.timeline.now;
    this.crashed = new Promise((resolve) => {
      this.#tellCrash = resolve;
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  silence(): number | null {
    return this.#silentSince === null ? null : this.#world.timeline.now - this.#silentSince;
  }

  crash(): void {
    this.#isAlive = false;
    this.#silentSince = this.#world.timeline.now;
    this.#tellCrash("crashed");
  }

  /** Runs one effect on the world, in one moment, with a random wait before and after it. */
  async step<T>(what: string, effect: () => T): Promise<T> {
    await this.pass(what);
    const value = effect();
    this.#isSure = what === "is held" || (this.#isSure && what === "stage");
    this.#world.witness.look(`${this.name}: ${what}`);
    await this.pass(what);
    return value;
  }

  /** A moment in which other things happen; this process may be suspended in it, or end. */
  async pass(what: string): Promise<void> {
    const { timeline, random, faults } = this.#world;
    await timeline.sleep(random.chance(0.05) ? random.between(0, 2000) : random.between(0, 30));
    if (faults.crashes(this, what)) {
      this.#world.note(`${this.name} crashes at ${what}`);
      this.crash();
      this.#world.count("crash");
    }
    if (!this.#isAlive) return never();
    if (this.#isSure) return;
    const pause = faults.suspension(this);
    if (pause > 0) await this.#suspend(pause);
  }

  async #suspend(ms: number): Promise<void> {
    this.#world.note(`${this.name} is suspended for ${ms} ms`);
    this.#world.count("suspension");
    this.#silentSince = this.#world.timeline.now;
    await this.#world.timeline.sleep(ms);
    this.frozenFor += ms;
    // Another of its steps may have ended it meanwhile: the dead do not beat.
    if (!this.#isAlive) return never();
    this.#silentSince = null;
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
