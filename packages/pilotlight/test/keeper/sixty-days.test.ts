import { describe, expect, it } from "vitest";
import { sixtyDays } from "./simulation/sixty-days.ts";

/* PILOTLIGHT_SIXTY_DAYS=200 plays that many seeds for a night. */
const COUNT = Number(process.env["PILOTLIGHT_SIXTY_DAYS"] ?? 3);
const SEEDS = Array.from({ length: COUNT }, (_, n) => n + 1);

describe("sixty days of a daemon, with a job every half hour and ordinary trouble", () => {
  it.each(SEEDS)(
    "seed %i: no silent failure, every job that could, notice three days ahead",
    async (seed) => {
      const { counts, ...story } = await sixtyDays(seed);
      console.log(
        `seed ${seed}: ${JSON.stringify(story)} ${JSON.stringify([...counts].filter(([key]) => !/^(read|unlock)/.test(key)))}`,
      );
      expect(story.jobs).toBeGreaterThan(2800);
      expect(story.silent).toEqual([]);
      expect(story.needless).toEqual([]);
      expect(story.notices.length).toBeGreaterThanOrEqual(1);
      expect(Math.min(...story.notices)).toBeGreaterThanOrEqual(72);
      // One in between, and one at the very end.
      expect(story.signIns).toBeLessThanOrEqual(2);
      expect(story.falseAlarms.length).toBeLessThanOrEqual(2);
    },
    120_000,
  );
});
