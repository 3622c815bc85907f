import { describe, expect, it } from "vitest";
import { inNightTime } from "../../../src/cli/drill/in-night-time.ts";
import { healthOf } from "../../../src/core/health.ts";
import type { LoginView } from "../../../src/core/login-status.ts";
import { EMPTY_RECORD } from "../../../src/core/ports.ts";
import { credential, entry, HOUR, kept, NOW, viewOf } from "../../http/small-keeper.ts";

const PROVED = { kind: "proved", access: "sha256:01234567", at: NOW - HOUR, by: "run" } as const;

/** Every epoch in it, by the path to it. */
function datesIn(value: unknown, path = ""): readonly (readonly [string, number])[] {
  if (typeof value === "number" && value > 1e12) return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => datesIn(each, `${path}.${name}`));
}

describe("a login by the night's clock", () => {
  const view: LoginView = viewOf("default", {
    record: { ...EMPTY_RECORD, verdict: PROVED, generation: credential(), lifeLength: 8 * HOUR },
  });

  it("has every date later by as much, and nothing else", () => {
    const moved = inNightTime(view, 21.5 * HOUR);
    const before = datesIn(view);
    expect(before.map(([path]) => path)).toEqual([
      ".entry.credential.expiresAt",
      ".entry.credential.loginEndsAt",
      ".record.verdict.at",
      ".record.generation.expiresAt",
      ".record.generation.loginEndsAt",
    ]);
    expect(datesIn(moved)).toEqual(before.map(([path, at]) => [path, at + 21.5 * HOUR]));
    expect(inNightTime(moved, -21.5 * HOUR)).toEqual(view);
    expect(moved.record.lifeLength).toBe(8 * HOUR);
  });

  it("is as well as it was", () => {
    const later = kept("default", { view: inNightTime(view, 21.5 * HOUR) });
    const { health, phase, usable } = healthOf(kept("default", { view }), NOW);
    expect(healthOf(later, NOW + 21.5 * HOUR)).toMatchObject({ health, phase, usable });
    // By the wrong clock it would not be.
    expect(healthOf(kept("default", { view }), NOW + 21.5 * HOUR).phase).toBe("expired");
  });

  it.each<[string, Partial<LoginView>]>([
    ["nobody has signed in", { entry: { state: "absent" } }],
    ["the store does not say when it ends", { entry: entry({ expiresAt: null }) }],
  ])("is left alone where %s", (_, changes) => {
    const bare = { ...viewOf("default", changes), record: EMPTY_RECORD };
    const dates = datesIn(inNightTime(bare, HOUR)).map(([path]) => path);
    expect(dates).not.toContain(".entry.credential.expiresAt");
    expect(inNightTime(bare, HOUR).record).toEqual(EMPTY_RECORD);
  });
});
