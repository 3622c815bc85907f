import { describe, expect, it } from "vitest";
import type { KeeperParts } from "../../src/keeper/parts.ts";
import { refresh } from "../../src/keeper/refresh.ts";
import { prove, reject } from "../../src/keeper/witness.ts";
import { type Bench, dueBench } from "./simulation/bench.ts";
import { keeperParts } from "./simulation/keeper-ports.ts";
import { Process } from "./simulation/process.ts";

const NOBODY = "sha256:00000000" as const;

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

describe("the wait for a lock that somebody else holds", () => {
  it.each([
    ["reject", (parts: KeeperParts, signal: AbortSignal) => reject(parts, NOBODY, "run", signal)],
    [
      "refresh",
      (parts: KeeperParts, signal: AbortSignal) =>
        refresh(parts, { force: true, minTtl: 0, signal }),
    ],
  ])("is given up when asked: %s", async (_name, ask) => {
    const bench = await dueBench();
    const parts = keeperParts(bench.world, new Process(bench.world, "job"));
    const leaving = new AbortController();
    const withLock: KeeperParts["store"]["withLock"] = async (_task, patience = {}) => {
      leaving.abort();
      if ((await patience.isMoot?.()) !== true) throw new Error("it would wait on");
      return { busy: "given up" };
    };
    const asked = ask({ ...parts, store: { ...parts.store, withLock } }, leaving.signal).then(
      (outcome) => outcome,
      (error: unknown) => error,
    );
    // The virtual time has to pass where anything waits for it.
    void bench.until(asked).catch(() => undefined);
    expect(await asked).toMatchObject({ code: "lock_busy" });
  });
});
