import { describe, expect, it } from "vitest";
import {
  type CheckFacts,
  type CheckLimits,
  checkState,
  worstState,
} from "../../src/core/check-state.ts";
import type { LoginStatus } from "../../src/core/login-status.ts";
import { tokenFlaw } from "../../src/core/token-flaw.ts";

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const NOW = Date.UTC(2026, 10, 20);
const LIMITS: CheckLimits = {
  warnToken: HOUR,
  critToken: 15 * MINUTE,
  warnLogin: 4 * DAY,
  critLogin: DAY,
  onDemand: false,
};

function facts(status: Partial<LoginStatus>, more: Partial<CheckFacts> = {}): CheckFacts {
  const good: LoginStatus = {
    name: "bot",
    source: "claude-file",
    path: "/x/.credentials.json",
    phase: "fresh",
    usable: true,
    refreshable: true,
    driver: "cli",
    action: null,
    accessToken: {
      kind: "oauth",
      fingerprint: "sha256:00000000",
      expiresAt: null,
      expiresInSeconds: null,
    },
    refreshToken: null,
    loginEndsAt: null,
    loginEndsInDays: null,
    scopes: null,
    subscriptionType: null,
    proof: { state: "unproved", at: null, by: null, code: null },
    inDoubt: false,
  };
  const nothing = {
    shadowedBy: null,
    signIn: "pilotlight login",
    isReadOnly: false,
    oddity: null,
    broken: [],
  };
  return { status: { ...good, ...status }, ...nothing, ...more };
}

function action(code: NonNullable<LoginStatus["action"]>["code"]): LoginStatus["action"] {
  return { code, message: code, command: null, by: "person" };
}

function left(seconds: number): Partial<LoginStatus> {
  const token = { kind: "oauth", fingerprint: "sha256:00000000", expiresAt: null } as const;
  return { accessToken: { ...token, expiresInSeconds: seconds } };
}

describe("the state of a login for a monitor", () => {
  it.each([
    [
      "a file it may not read",
      facts({
        usable: false,
        refreshable: false,
        phase: "unreadable",
        action: action("credential_unreadable"),
      }),
      "UNKNOWN",
    ],
    [
      "a torn file",
      facts({
        usable: false,
        refreshable: false,
        phase: "unreadable",
        action: action("credential_corrupt"),
      }),
      "CRITICAL",
    ],
    [
      "the Keychain",
      facts({
        source: "claude-keychain",
        phase: "absent",
        usable: false,
        refreshable: false,
        action: action("no_credential"),
      }),
      "UNKNOWN",
    ],
    [
      "an expired token on a read-only mount",
      facts(
        { phase: "expired", usable: false, refreshable: false, action: action("store_read_only") },
        { isReadOnly: true },
      ),
      "CRITICAL",
    ],
    ["no use and no reason", facts({ usable: false, refreshable: false }), "CRITICAL"],
    [
      "a rejected token, also on demand",
      facts({ phase: "rejected", usable: false, action: action("refresh_due") }),
      "WARNING",
    ],
  ] as const)("for %s", (_what, given, state) => {
    expect(checkState(given, { ...LIMITS, onDemand: true }, NOW).state).toBe(state);
  });

  it.each([
    [HOUR / 1000, "OK"],
    [HOUR / 1000 - 1, "WARNING"],
    [900, "WARNING"],
    [899, "CRITICAL"],
  ])("%d s before the end of a token on a read-only mount", (seconds, state) => {
    for (const isReadOnly of [true, false]) {
      const given = facts({ ...left(seconds), refreshable: false }, { isReadOnly });
      expect(checkState(given, LIMITS, NOW).state).toBe(state);
    }
    expect(checkState(facts(left(seconds)), LIMITS, NOW).state).toBe("OK");
  });

  it.each([
    [4 * DAY, "OK"],
    [4 * DAY - 1, "WARNING"],
    [DAY, "WARNING"],
    [DAY - 1, "CRITICAL"],
  ])("%d ms before the end of a login", (ms, state) => {
    const loginEndsAt = new Date(NOW + ms).toISOString();
    expect(checkState(facts({ loginEndsAt }), LIMITS, NOW).state).toBe(state);
  });

  it("says all that is wrong, the worst first, and its code and command", () => {
    const loginEndsAt = new Date(NOW + HOUR).toISOString();
    const oddity = "ANTHROPIC_API_KEY looks odd";
    const both = facts({ loginEndsAt }, { shadowedBy: "ANTHROPIC_API_KEY", oddity });
    expect(checkState(both, LIMITS, NOW)).toMatchObject({
      state: "CRITICAL",
      code: "login_ends_soon",
      command: "pilotlight login",
      text: expect.stringMatching(
        /^this login ends in 1 h 0 min.*; ANTHROPIC_API_KEY looks odd; ANTHROPIC_API_KEY would/,
      ),
    });
  });

  it("is critical for what keeps a job from its work, however good the login", () => {
    const broken = [
      { code: "config_invalid", message: "settings.json: TEST", fix: "mend it" },
    ] as const;
    expect(checkState(facts({}, { broken }), LIMITS, NOW)).toMatchObject({
      state: "CRITICAL",
      code: "config_invalid",
      text: "settings.json: TEST (mend it)",
    });
  });

  it("is the worst of several; UNKNOWN is worse than OK only", () => {
    expect(worstState(["OK", "UNKNOWN", "OK"])).toBe("UNKNOWN");
    expect(worstState(["WARNING", "UNKNOWN"])).toBe("WARNING");
    expect(worstState(["WARNING", "CRITICAL", "UNKNOWN"])).toBe("CRITICAL");
    expect(worstState([])).toBe("OK");
  });
});

describe("what is wrong with the looks of a token", () => {
  const long = (prefix: string, length: number) => `${prefix}TEST`.padEnd(length, "x");
  it.each([
    ["sk-ant-oat01-", 100, "oauth-access", null],
    ["sk-ant-oat01-", 99, "oauth-access", "warning"],
    ["sk-ant-api03-", 20, "api-key", null],
    ["sk-ant-ort01-", 120, "oauth-access", "failure"],
    ["sk-ant-api03-", 120, "oauth-access", "failure"],
    ["sk-ant-oat01-", 120, "api-key", "failure"],
    ["unknown-", 120, "oauth-access", "warning"],
    ["code#", 120, "oauth-access", "failure"],
    ["sk-ant-oat01- ", 120, "oauth-access", "failure"],
    ["sk-ant-oat01-ü", 120, "oauth-access", "failure"],
  ] as const)("%s… of %d characters as %s: %s", (prefix, length, expected, severity) => {
    const flaw = tokenFlaw(`\n${long(prefix, length)} \n`, expected, true);
    expect(flaw?.severity ?? null).toBe(severity);
    expect(flaw?.text ?? "").not.toContain("TEST");
  });

  it("asks for a length only of what a person pasted", () => {
    expect(tokenFlaw("sk-ant-oat01-TEST", "oauth-access", false)).toBeNull();
  });
});
