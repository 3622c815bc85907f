import { describe, expect, it } from "vitest";
import type { Phase } from "../../src/core/phase.ts";
import { isRefreshWanted } from "../../src/core/wanted.ts";
import { credential } from "./credential-fixture.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const IDLE = { force: false, minTtl: 0 };

describe("whether a refresh is wanted", () => {
  const long = credential({ expiresAt: NOW + 500 * MINUTE });

  it.each<[Phase, boolean]>([
    ["fresh", false],
    ["due", true],
    ["expired", true],
    ["rejected", true],
    ["blanked", true],
    ["ended", true],
  ])("when the phase is %s: %s", (phase, expected) => {
    expect(isRefreshWanted(phase, long, NOW, IDLE)).toBe(expected);
  });

  it("when it is forced, even for a fresh token", () => {
    expect(isRefreshWanted("fresh", long, NOW, { force: true, minTtl: 0 })).toBe(true);
  });

  it.each([
    ["1 ms less than the wish", 30 * MINUTE - 1, true],
    ["just the wish", 30 * MINUTE, false],
    ["1 ms more", 30 * MINUTE + 1, false],
  ])("when a fresh token has %s left", (_name, left, expected) => {
    const fresh = credential({ expiresAt: NOW + left });
    const options = { force: false, minTtl: 30 * MINUTE };
    expect(isRefreshWanted("fresh", fresh, NOW, options)).toBe(expected);
  });
});
