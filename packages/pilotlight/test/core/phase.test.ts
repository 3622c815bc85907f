import { describe, expect, it } from "vitest";
import { phaseOf } from "../../src/core/phase.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { credential, fingerprint, token } from "./credential-fixture.ts";

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;
const LIFE = { length: 8 * HOUR, jitter: 0 };

function phase(expiresAt: number | null, verdict: Verdict | null = null) {
  const entry = { state: "present", credential: credential({ expiresAt }) } as const;
  return phaseOf(entry, verdict, NOW, LIFE);
}

describe("the phase of a credential by its date", () => {
  it.each([
    ["1 ms before the last quarter of its life", NOW + 2 * HOUR + 1, "fresh"],
    ["when the last quarter begins", NOW + 2 * HOUR, "due"],
    ["1 ms into the last quarter", NOW + 2 * HOUR - 1, "due"],
    ["1 ms before its end", NOW + 1, "due"],
    ["at its end", NOW, "expired"],
    ["1 ms after its end", NOW - 1, "expired"],
    ["with a date of 0", 0, "expired"],
    ["with no date", null, "due"],
  ] as const)("%s", (_name, expiresAt, expected) => {
    expect(phase(expiresAt)).toBe(expected);
  });

  it("does not ask again when a refresh was just made and did not tell the end", () => {
    const access = fingerprint("sk-ant-oat01-TEST-a");
    expect(phase(null, { kind: "proved", access, at: NOW - 1, by: "refresh" })).toBe("fresh");
    const other = fingerprint("sk-ant-oat01-TEST-other");
    expect(phase(null, { kind: "proved", access: other, at: NOW - 1, by: "refresh" })).toBe("due");
  });

  it("never ends a login because its date has passed", () => {
    const entry = {
      state: "present",
      credential: credential({ expiresAt: NOW - 1000 * HOUR, loginEndsAt: NOW - HOUR }),
    } as const;
    expect(phaseOf(entry, null, NOW, LIFE)).toBe("expired");
  });
});

describe("the phase of a credential by what the server said", () => {
  const access = fingerprint("sk-ant-oat01-TEST-a");
  const refresh = fingerprint("sk-ant-ort01-TEST-a");
  const other = fingerprint("sk-ant-ort01-TEST-other");
  const at = NOW - 1000;

  it.each<[string, Verdict, string]>([
    ["this refresh token ended", { kind: "ended", refresh, at, code: "login_ended" }, "ended"],
    ["another ended", { kind: "ended", refresh: other, at, code: "login_ended" }, "fresh"],
    ["this access token was rejected", { kind: "rejected", access, at, by: "run" }, "rejected"],
    ["another was rejected", { kind: "rejected", access: other, at, by: "run" }, "fresh"],
    ["this access token was proved", { kind: "proved", access, at, by: "refresh" }, "fresh"],
  ])("%s", (_name, verdict, expected) => {
    expect(phase(NOW + 5 * HOUR, verdict)).toBe(expected);
  });

  it("is due by its date although it was proved", () => {
    expect(phase(NOW + HOUR, { kind: "proved", access, at, by: "refresh" })).toBe("due");
  });

  it("is ended even when its access token has hours left", () => {
    const verdict = { kind: "ended", refresh, at, code: "login_ended" } as const;
    expect(phase(NOW + 7 * HOUR, verdict)).toBe("ended");
  });
});

describe("the phase of what is no whole credential", () => {
  const at = (entry: Parameters<typeof phaseOf>[0]) => phaseOf(entry, null, NOW, LIFE);
  const expiresAt = NOW + 5 * HOUR;

  it("is absent or unreadable with the entry", () => {
    expect(at({ state: "absent" })).toBe("absent");
    const corrupt = { state: "unreadable", code: "credential_corrupt", reason: "TEST" } as const;
    expect(at(corrupt)).toBe("unreadable");
  });

  it("is blanked when both tokens are gone, whatever the date says", () => {
    const blank = credential({ accessToken: null, refreshToken: null, expiresAt });
    expect(at({ state: "present", credential: blank })).toBe("blanked");
  });

  it("is expired without an access token, fresh without a refresh token", () => {
    const refreshOnly = credential({ accessToken: null, expiresAt });
    expect(at({ state: "present", credential: refreshOnly })).toBe("expired");
    const accessOnly = credential({ refreshToken: null, expiresAt });
    expect(at({ state: "present", credential: accessOnly })).toBe("fresh");
  });

  it("takes an end of another login for nothing when this one has no refresh token", () => {
    const entry = {
      state: "present",
      credential: credential({ refreshToken: null, expiresAt }),
    } as const;
    const refresh = token("sk-ant-ort01-TEST-old").fingerprint;
    const verdict = { kind: "ended", refresh, at: NOW, code: "login_ended" } as const;
    expect(phaseOf(entry, verdict, NOW, LIFE)).toBe("fresh");
  });
});
