import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How the network and the disk are just now. */
export type Weather =
  | "calm"
  | "lossy"
  | "throttled"
  | "outage"
  | "offline"
  | "slow"
  | "store_full"
  | "journal_full"
  | "stage_full";

const HOUR = 3_600_000;

const WEATHERS: readonly Weather[] = [
  ...(["calm", "calm", "calm", "calm", "lossy", "lossy"] as const),
  ...([
    "throttled",
    "outage",
    "offline",
    "slow",
    "store_full",
    "journal_full",
    "stage_full",
  ] as const),
];

/** What goes wrong, and when. Everything ends with `end()`. */
export class Faults {
  weather: Weather = "calm";
  /** A write that fails although its place had proved writable: the next one of that kind. */
  failNext: "store" | "journal" | null = null;
  /** Where a test wants a process to end, whatever the dice say. */
  crashWhen: (process: Process, what: string) => boolean = () => false;
  readonly #world: World;
  #isOn = true;

  constructor(world: World) {
    this.#world = world;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  async blow(): Promise<void> {
    const { random, timeline, disk } = this.#world;
    while (this.#isOn) {
      this.weather = random.pick(WEATHERS);
      this.#world.note(`weather: ${this.weather}`);
      disk.isStoreWritable = this.weather !== "store_full";
      disk.isJournalWritable = this.weather !== "journal_full";
      disk.isStageWritable = this.weather !== "stage_full";
      this.#world.witness.weatherChanged();
      if (random.chance(0.2)) this.failNext = random.pick(["store", "journal"]);
      if (random.chance(0.05)) this.#setClockWrong();
      await timeline.sleep(random.between(0.5 * HOUR, 9 * HOUR));
    }
  }

  end(): void {
    const { disk, clock } = this.#world;
    this.#isOn = false;
    this.weather = "calm";
    this.failNext = null;
    disk.isStoreWritable = true;
    disk.isJournalWritable = true;
    disk.isStageWritable = true;
    clock.error = 0;
    this.#world.witness.weatherChanged();
  }

  /** The weather's probability, or certainty when a test has chosen the weather itself. */
  badLuck(probability: number): number {
    return this.#isOn ? probability : 1;
  }

  crashes(process: Process, what: string): boolean {
    if (this.crashWhen(process, what)) return true;
    if (!this.#isOn || !process.name.startsWith("keeper")) return false;
    // A grant is waited for in many small steps.
    return this.#world.random.chance(what === "wait" ? 0.001 : 0.002);
  }

  /** @returns ms */
  suspension(process: Process): number {
    const { random, isSuspending } = this.#world;
    if (!this.#isOn || !isSuspending || !process.name.startsWith("keeper")) return 0;
    return random.chance(0.001) ? random.between(20_000, 400_000) : 0;
  }

  /** True once, when a write that should work does not. */
  fails(kind: "store" | "journal"): boolean {
    if (this.failNext !== kind) return false;
    this.failNext = null;
    this.#world.count(`${kind} write failed after its proof`);
    return true;
  }

  #setClockWrong(): void {
    const { random, clock } = this.#world;
    clock.error = random.pick([0, 0, -2 * HOUR, -600_000, 600_000, 2 * HOUR]);
    if (clock.error !== 0) this.#world.count("clock set wrong");
  }
}
