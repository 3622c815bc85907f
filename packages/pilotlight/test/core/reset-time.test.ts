import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resetTime } from "../../src/core/reset-time.ts";

const at = (iso: string) => Date.parse(iso);

/** A Friday, one minute before noon in New York. */
const NOW = at("2026-11-20T16:59:30Z");

describe("when a limit resets, as Claude Code prints it", () => {
  it.each([
    ["3:45pm (UTC)", "2026-11-21T15:45:00Z"],
    ["5pm (UTC)", "2026-11-20T17:00:00Z"],
    ["1:46am (UTC)", "2026-11-21T01:46:00Z"],
    ["12am (UTC)", "2026-11-21T00:00:00Z"],
    ["12pm (America/New_York)", "2026-11-20T17:00:00Z"],
    ["3:45pm (Asia/Kolkata)", "2026-11-21T10:15:00Z"],
    ["3:45\u202Fpm (UTC)", "2026-11-21T15:45:00Z"],
    ["3:45 PM (UTC)", "2026-11-21T15:45:00Z"],
    ["12pm", "2026-11-20T17:00:00Z"],
    ["Nov 24, 3pm (UTC)", "2026-11-24T15:00:00Z"],
    ["Nov 24 at 3:30pm (UTC)", "2026-11-24T15:30:00Z"],
    ["Jan 2, 1am (UTC)", "2027-01-02T01:00:00Z"],
    ["Jan 2, 2027, 1am (UTC)", "2027-01-02T01:00:00Z"],
    ["Nov 21, 12am (America/New_York)", "2026-11-21T05:00:00Z"],
  ])("%s is %s", (words, iso) => {
    expect(resetTime(words, NOW, "America/New_York")).toBe(at(iso));
  });

  it("counts the present minute, and no earlier one", () => {
    expect(resetTime("4:59pm (UTC)", NOW, null)).toBe(at("2026-11-20T16:59:00Z"));
    expect(resetTime("4:58pm (UTC)", NOW, null)).toBe(at("2026-11-21T16:58:00Z"));
  });

  it.each([
    ["before the clocks go back", "2026-11-01T05:30:00Z", "3am", "2026-11-01T08:00:00Z"],
    ["before they go forward", "2027-03-14T06:30:00Z", "3am", "2027-03-14T07:00:00Z"],
    ["the day after", "2026-11-02T15:00:00Z", "9am", "2026-11-03T14:00:00Z"],
  ])("knows summer time: %s", (_name, now, words, iso) => {
    expect(resetTime(words, at(now), "America/New_York")).toBe(at(iso));
  });

  it.each([
    ["an unknown zone", "3pm (Mars/Phobos)", "UTC"],
    ["a zone that is cut off", "3pm (Europe/Ber", "UTC"],
    ["no zone at all", "3pm", null],
    ["an unknown zone of this machine", "3pm", "Nowhere"],
    ["no hour", "soon", "UTC"],
    ["an hour of 24", "15:45 (UTC)", "UTC"],
    ["an impossible hour", "13pm", "UTC"],
    ["an impossible minute", "1:75pm", "UTC"],
    ["an unknown month", "Foo 3, 1pm", "UTC"],
    ["a date that has passed", "Jan 2, 2026, 1am", "UTC"],
  ])("is not known for %s", (_name, words, zone) => {
    expect(resetTime(words, NOW, zone)).toBeNull();
  });

  it("is always within a day ahead, and the clock then shows what was said", () => {
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata");
    const times = fc.integer({ min: at("2026-01-01T00:00:00Z"), max: at("2028-01-01T00:00:00Z") });
    const minutes = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(zones, times, minutes, (timeZone, now, minute) => {
        const [hour, rest] = [Math.floor(minute / 60), minute % 60];
        // Twice a year such a clock time comes twice or not at all.
        fc.pre(hour > 3);
        const words = `${hour % 12 || 12}:${String(rest).padStart(2, "0")}${hour < 12 ? "am" : "pm"}`;
        const found = resetTime(`${words} (${timeZone})`, now, null) ?? 0;
        expect(found - now).toBeGreaterThan(-60_000);
        expect(found - now).toBeLessThanOrEqual(25 * 3_600_000);
        const shown = new Intl.DateTimeFormat("en-US", { timeZone, timeStyle: "short" });
        expect(shown.format(found).replace(/\s/g, "").toLowerCase()).toBe(words);
      }),
      { numRuns: 60 },
    );
  });
});
