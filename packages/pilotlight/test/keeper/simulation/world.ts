import { Authority, type Policy } from "./authority.ts";
import { BEGIN } from "./begin.ts";
import { Disk } from "./disk.ts";
import { Faults } from "./faults.ts";
import { Random } from "./random.ts";
import { HostClock, Timeline } from "./timeline.ts";
import { Witness } from "./witness.ts";

/** How many of the last events a failure shows. */
const SHOWN = 60;

/** The habits of the CLI in the stage. */
interface Build {
  readonly isResending: boolean;
  readonly isQuietBuild: boolean;
}

/** One host, one login, one authority, and what happens to them for one seed. */
export class World {
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly clock = new HostClock(this.timeline, BEGIN);
  readonly disk = new Disk();
  readonly authority: Authority;
  readonly faults: Faults;
  readonly witness: Witness;
  /** Programs are suspended for minutes now and then. */
  readonly isSuspending: boolean;
  /** The staged CLI sends a token again when its answer was lost. */
  readonly isResending: boolean;
  /** The staged CLI tells neither by its file nor by its log why a refresh failed. */
  readonly isQuietBuild: boolean;
  readonly counts = new Map<string, number>();
  /** The first broken promise. */
  failure: string | null = null;
  /** Somebody was told that a person must act. */
  needsPerson = false;
  /** Called when a grant of ours has started. */
  onGrant: () => void = () => {};
  /** Timeline ms. */
  lastSignIn = 0;
  #pid = 0;
  #log: string[] = [];

  constructor(seed: number, isSuspending: boolean, build?: Build) {
    this.random = new Random(seed);
    const policies: readonly Policy[] = ["revoke_family", "reject_reuse", "not_rotating"];
    const policy = policies[seed % 4] ?? "revoke_family";
    this.authority = new Authority(policy, () => BEGIN + this.timeline.now);
    this.isSuspending = isSuspending;
    const { isResending = this.random.chance(0.5), isQuietBuild = this.random.chance(0.1) } =
      build ?? {};
    this.isResending = isResending;
    this.isQuietBuild = isQuietBuild;
    this.faults = new Faults(this);
    this.witness = new Witness(this);
    this.note(`policy ${policy}, resending ${this.isResending}, quiet ${this.isQuietBuild}`);
  }

  nextPid(): number {
    this.#pid += 1;
    return this.#pid;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  isSignInRecent(frozenFor: number): boolean {
    return this.timeline.now - this.lastSignIn < 60_000 + frozenFor;
  }

  note(what: string): void {
    this.#log.push(`${dayAndTime(this.timeline.now)} ${what}`);
    if (this.#log.length > 4 * SHOWN) this.#log = this.#log.slice(-SHOWN);
  }

  /** Ends the story: a promise was broken. */
  fail(promise: string): void {
    if (this.failure !== null) return;
    const story = this.#log.slice(-SHOWN).join("\n  ");
    this.failure = `${promise} (at ${dayAndTime(this.timeline.now)})\n  ${story}`;
  }
}

function dayAndTime(ms: number): string {
  return `day ${Math.floor(ms / 86_400_000)} ${new Date(ms).toISOString().slice(11, 23)}`;
}
