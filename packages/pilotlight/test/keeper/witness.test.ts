import { describe, expect, it } from "vitest";
import type { KeeperParts } from "../../src/keeper/parts.ts";
import { prove, reject } from "../../src/keeper/witness.ts";
import { type Bench, dueBench } from "./simulation/bench.ts";
import { keeperParts } from "./simulation/keeper-ports.ts";
import { Process } from "./simulation/process.ts";

/** The parts of a job whose lock is lost between its look and its word, as by a suspend. */
function losing(bench: Bench): KeeperParts {
  const parts = keeperParts(bench.world, new Process(bench.world, "job"));
  const { withLock } = parts.store;
  const store: KeeperParts["store"] = {
    ...parts.store,
    withLock: (task, patience) => withLock(() => task({ isHeld: async () => false }), patience),
  };
  return { ...parts, store };
}

describe("the word of a witness", () => {
  it.each([["reject", reject] as const, ["prove", prove] as const])(
    "is not written over what others noted while it slept: %s",
    async (_name, say) => {
      const bench = await dueBench();
      const before = bench.world.disk.record;
      const said = say(losing(bench), bench.live.accessToken!.fingerprint, "run").then(
        () => null,
        (error: unknown) => error,
      );
      await bench.until(said);
      expect(await said).toMatchObject({ code: "lock_busy" });
      expect(bench.world.disk.record).toEqual(before);
    },
  );
});
