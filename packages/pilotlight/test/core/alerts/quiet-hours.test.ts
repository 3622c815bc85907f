import { describe, expect, it } from "vitest";
import { isTimeZone, parseQuietHours, quietUntil } from "../../../src/core/alerts/quiet-hours.ts";
import { quiet } from "./alert-fixture.ts";

const at = (iso: string) => Date.parse(iso);
const until = (span: string, zone: string, iso: string): string | null => {
  const end = quietUntil(quiet(span, zone), at(iso));
  return end === null ? null : new Date(end).toISOString();
};

describe("quiet hours", () => {
  it.each([
    ["22:00-07:00", { start: 1320, end: 420, timeZone: "UTC" }],
    [" 0:30 – 6:05 ", { start: 30, end: 365, timeZone: "UTC" }],
    ["22:00-22:00", null],
    ["24:00-07:00", null],
    ["22:60-07:00", null],
    ["22-7", null],
    ["", null],
  ])("written as %j are %j", (text, expected) => {
    expect(parseQuietHours(text, "UTC")).toEqual(expected);
  });

  it("know time zones from nonsense", () => {
    expect(["Europe/Berlin", "UTC", "Mars/Olympus"].map(isTimeZone)).toEqual([true, true, false]);
  });

  it.each([
    ["1 ms before they begin", "2026-11-20T21:59:59.999Z", null],
    ["when they begin", "2026-11-20T22:00:00.000Z", "2026-11-21T07:00:00.000Z"],
    ["1 ms later", "2026-11-20T22:00:00.001Z", "2026-11-21T07:00:00.000Z"],
    ["at midnight", "2026-11-21T00:00:00.000Z", "2026-11-21T07:00:00.000Z"],
    ["1 ms before they end", "2026-11-21T06:59:59.999Z", "2026-11-21T07:00:00.000Z"],
    ["when they end", "2026-11-21T07:00:00.000Z", null],
    ["1 ms after", "2026-11-21T07:00:00.001Z", null],
  ])("%s", (_, now, expected) => {
    expect(until("22:00-07:00", "UTC", now)).toBe(expected);
  });

  it.each([
    ["within a day", "13:00-14:20", "UTC", "2026-11-20T13:07:00Z", "2026-11-20T14:20:00.000Z"],
    // Clocks go from 02:00 to 03:00 on 2026-03-29: the night has an hour less.
    [
      "the spring night",
      "22:00-07:00",
      "Europe/Berlin",
      "2026-03-28T22:00:00Z",
      "2026-03-29T05:00:00.000Z",
    ],
    // And from 03:00 back to 02:00 on 2026-10-25: an hour more.
    [
      "the autumn night",
      "22:00-07:00",
      "Europe/Berlin",
      "2026-10-24T21:00:00Z",
      "2026-10-25T06:00:00.000Z",
    ],
    // 02:30 is no time on that day: they end when the clocks have gone past it.
    [
      "an end that is left out",
      "22:00-02:30",
      "Europe/Berlin",
      "2026-03-29T00:00:00Z",
      "2026-03-29T01:00:00.000Z",
    ],
    [
      "an offset of 45 minutes",
      "22:00-07:00",
      "Asia/Kathmandu",
      "2026-11-20T16:15:00Z",
      "2026-11-21T01:15:00.000Z",
    ],
    ["the day before that", "22:00-07:00", "Asia/Kathmandu", "2026-11-20T16:14:59.999Z", null],
    [
      "an offset west",
      "22:00-07:00",
      "America/New_York",
      "2026-11-21T03:00:00Z",
      "2026-11-21T12:00:00.000Z",
    ],
  ])("%s: %s %s", (_, span, zone, now, expected) => {
    expect(until(span, zone, now)).toBe(expected);
  });
});
