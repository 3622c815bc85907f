import type { LoginView } from "../../../src/core/login-status.ts";
import { type Keeper, keep, type KeepOptions } from "../../../src/keeper/keep.ts";
import type { KeepEvent, KeptParts, Lease } from "../../../src/keeper/keep-parts.ts";
import { keeperParts } from "./keeper-ports.ts";
import { Process } from "./process.ts";
import type { Timeline } from "./timeline.ts";
import type { World } from "./world.ts";

/** A daemon on a simulated host, and what it told. */
export interface Keeping {
  readonly keeper: Keeper;
  readonly process: Process;
  readonly events: KeepEvent[];
  /** Somebody has touched the directory. */
  hint(): Promise<void>;
}

/** Who holds the lease of the simulated login. */
export interface LeaseHolder {
  process: Process | null;
}

/** Starts a keeper that keeps the world's one login. */
export function keeping(
  world: World,
  change: Partial<KeptParts> = {},
  options: Partial<KeepOptions> & { readonly holder?: LeaseHolder } = {},
): Keeping {
  const process = new Process(world, "keeper");
  const events: KeepEvent[] = [];
  const hints: (() => void)[] = [];
  const clock = stoppable(world);
  const parts: KeptParts = {
    ...keeperParts(world, process),
    clock,
    name: "default",
    look: async () => viewOf(world),
    lease: leaseOf(options.holder ?? { process: null }, process),
    watch(changed) {
      hints.push(changed);
      return () => undefined;
    },
    ...change,
  };
  const keeper = keep([parts], {
    clock,
    random: () => world.random.between(0, 999_999) / 1_000_000,
    tell: (event) => events.push(event),
    ...options,
  });
  const hint = async () => {
    for (const changed of hints) changed();
    // The keeper lays itself down anew before time goes on.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { keeper, process, events, hint };
}

export function viewOf(world: World): LoginView {
  const { disk } = world;
  return {
    name: "default",
    configDir: null,
    source: "claude-file",
    path: "/home/test/.claude/.credentials.json",
    driver: "cli",
    entry: disk.read(),
    record: disk.record,
    journal: disk.journal,
    jitter: 0.3,
    isKept: true,
    isReadOnly: false,
  };
}

function leaseOf(holder: LeaseHolder, process: Process): Lease {
  return {
    take: async () => {
      if (holder.process?.isAlive === true && holder.process !== process) return false;
      holder.process = process;
      return true;
    },
    release: () => {
      if (holder.process === process) holder.process = null;
    },
  };
}

/** The host's clock, whose sleepers can be told to stop. */
export function stoppable(world: {
  readonly timeline: Timeline;
  readonly clock: { now(): number };
}) {
  const { timeline } = world;
  return {
    now: () => world.clock.now(),
    monotonic: () => timeline.now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted === true) return resolve();
        const end = () => {
          signal?.removeEventListener("abort", end);
          resolve();
        };
        signal?.addEventListener("abort", end);
        timeline.after(ms, end);
      }),
  };
}
