import { describe, expect, it } from "vitest";
import { credentialOf } from "../../src/claude/credentials-file.ts";
import { fingerprintOf } from "../../src/claude/fingerprint.ts";
import type { Credential, Entry } from "../../src/core/credential.ts";
import {
  exitOfStatuses,
  type LoginStatus,
  loginStatus,
  type LoginView,
} from "../../src/core/login-status.ts";
import { isoOf } from "../../src/core/iso-time.ts";
import type { LoginRecord } from "../../src/core/ports.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const ACCESS = "sk-ant-oat01-TEST-a";
const REFRESH = "sk-ant-ort01-TEST-r";
const A = fingerprintOf(ACCESS);
const R = fingerprintOf(REFRESH);
const LOGIN = {
  accessToken: ACCESS,
  refreshToken: REFRESH,
  expiresAt: NOW + 8 * HOUR,
  refreshTokenExpiresAt: NOW + 25 * DAY,
  scopes: ["user:inference"],
  subscriptionType: "max",
};
const EMPTY: LoginRecord = { verdict: null, spent: [], generation: null, lifeLength: null };

function credential(fields: object = {}): Credential {
  const entry = credentialOf({ ...LOGIN, ...fields });
  if (entry.state !== "present") throw new Error("it is a credential");
  return entry.credential;
}

const present = (fields: object = {}): Entry => ({
  state: "present",
  credential: credential(fields),
});
const BLANKED = { accessToken: "", refreshToken: "", expiresAt: 0 };
const corrupt: Entry = { state: "unreadable", code: "credential_corrupt", reason: "/p: not JSON" };
const directory: Entry = {
  state: "unreadable",
  code: "credential_not_a_file",
  reason: "/p is a directory",
};
const ended = { kind: "ended", refresh: R, at: NOW - HOUR, code: "login_ended" } as const;
const rejected = { kind: "rejected", access: A, at: NOW - HOUR, by: "messages" } as const;
const proved = { kind: "proved", access: A, at: NOW - HOUR, by: "refresh" } as const;
const doubt = { step: "in_doubt", retried: false, code: "in_doubt" } as const;
const again = { step: "in_doubt", retried: true, code: "in_doubt" } as const;

function see(view: Partial<LoginView>): LoginStatus {
  return loginStatus(
    {
      name: "default",
      configDir: null,
      source: "claude-file",
      path: "/home/u/.claude/.credentials.json",
      driver: "cli",
      entry: present(),
      record: EMPTY,
      journal: null,
      jitter: 0,
      isKept: true,
      isReadOnly: false,
      ...view,
    },
    NOW,
  );
}

type Row = readonly [
  name: string,
  view: Partial<LoginView>,
  expected: readonly [
    phase: string,
    usable: boolean,
    refreshable: boolean,
    proof: string,
    action: string | null,
    exit: number,
  ],
];

const past = { expiresAt: NOW - MINUTE };
const noRefresh = { refreshToken: null };
const spent = (record: Partial<LoginRecord> = {}) => ({ ...EMPTY, spent: [R], ...record });
const generation = (fields: object = {}) => ({ ...EMPTY, generation: credential(fields) });

const TABLE: readonly Row[] = [
  [
    "logged out",
    { entry: { state: "absent" } },
    ["absent", false, false, "unproved", "no_credential", 66],
  ],
  ["fresh, unproved", {}, ["fresh", true, true, "unproved", null, 0]],
  [
    "fresh, proved by a refresh",
    { record: { ...EMPTY, verdict: proved } },
    ["fresh", true, true, "proved", null, 0],
  ],
  [
    "due",
    { entry: present({ expiresAt: NOW + HOUR }) },
    ["due", true, true, "unproved", "refresh_due", 0],
  ],
  [
    "end unknown",
    { entry: present({ expiresAt: null }) },
    ["due", true, true, "unproved", "refresh_due", 0],
  ],
  [
    "expired, refreshable",
    { entry: present(past) },
    ["expired", false, true, "unproved", "refresh_due", 0],
  ],
  [
    "fresh, on a read-only mount",
    { isReadOnly: true },
    ["fresh", true, false, "unproved", null, 0],
  ],
  [
    "due, on a read-only mount",
    { isReadOnly: true, entry: present({ expiresAt: NOW + HOUR }) },
    ["due", true, false, "unproved", "store_read_only", 0],
  ],
  [
    "expired, on a read-only mount",
    { isReadOnly: true, entry: present(past) },
    ["expired", false, false, "unproved", "store_read_only", 73],
  ],
  [
    "expired, no refresh token",
    { entry: present({ ...past, ...noRefresh }) },
    ["expired", false, false, "unproved", "not_refreshable", 77],
  ],
  [
    "due, no refresh token",
    { entry: present({ expiresAt: NOW + HOUR, ...noRefresh }) },
    ["due", true, false, "unproved", "not_refreshable", 0],
  ],
  [
    "fresh, no refresh token",
    { entry: present(noRefresh) },
    ["fresh", true, false, "unproved", null, 0],
  ],
  [
    "in seconds",
    { entry: present({ expiresAt: Math.floor((NOW + 8 * HOUR) / 1000) }) },
    ["expired", false, true, "unproved", "expires_at_in_seconds", 0],
  ],
  [
    "blanked, last generation known",
    { entry: present(BLANKED), record: generation() },
    ["blanked", false, true, "unproved", "refresh_due", 0],
  ],
  [
    "blanked, nothing known",
    { entry: present(BLANKED) },
    ["blanked", false, false, "unproved", "login_blanked", 77],
  ],
  [
    "blanked, last generation spent",
    { entry: present(BLANKED), record: { ...generation(), spent: [R] } },
    ["blanked", false, false, "unproved", "login_blanked", 77],
  ],
  [
    "blanked, last generation ended",
    { entry: present(BLANKED), record: { ...generation(), verdict: ended } },
    ["blanked", false, false, "unproved", "login_blanked", 77],
  ],
  [
    "ended",
    { record: { ...EMPTY, verdict: ended } },
    ["ended", false, false, "refuted", "login_ended", 77],
  ],
  [
    "ended, for an older pair",
    { record: { ...EMPTY, verdict: { ...ended, refresh: "sha256:00000000" } } },
    ["fresh", true, true, "unproved", null, 0],
  ],
  [
    "rejected",
    { record: { ...EMPTY, verdict: rejected } },
    ["rejected", false, true, "refuted", "refresh_due", 0],
  ],
  [
    "rejected, no refresh token",
    { entry: present(noRefresh), record: { ...EMPTY, verdict: rejected } },
    ["rejected", false, false, "refuted", "not_refreshable", 77],
  ],
  ["in doubt, token alive", { journal: doubt }, ["fresh", true, true, "unproved", "in_doubt", 0]],
  [
    "in doubt, expired",
    { entry: present(past), journal: doubt },
    ["expired", false, true, "unproved", "in_doubt", 0],
  ],
  [
    "in doubt, tried again, alive",
    { journal: again },
    ["fresh", true, false, "unproved", "in_doubt", 0],
  ],
  [
    "in doubt, tried again, expired",
    { entry: present(past), journal: again },
    ["expired", false, false, "unproved", "in_doubt", 75],
  ],
  [
    "a grant running",
    { journal: { step: "intent", retried: false, code: null } },
    ["fresh", true, true, "unproved", null, 0],
  ],
  [
    "spent, fresh",
    { record: spent() },
    ["fresh", true, false, "unproved", "refresh_token_spent", 0],
  ],
  [
    "spent, fresh, on a read-only mount",
    { record: spent(), isReadOnly: true },
    ["fresh", true, false, "unproved", null, 0],
  ],
  [
    "spent, fresh, a later generation known",
    { record: spent({ generation: credential({ refreshToken: "sk-ant-ort01-TEST-later" }) }) },
    ["fresh", true, true, "unproved", null, 0],
  ],
  [
    "spent, expired",
    { entry: present(past), record: spent() },
    ["expired", false, false, "unproved", "refresh_token_spent", 77],
  ],
  [
    "spent, a later generation known",
    {
      entry: present(past),
      record: spent({ generation: credential({ refreshToken: "sk-ant-ort01-TEST-later" }) }),
    },
    ["expired", false, true, "unproved", "refresh_due", 0],
  ],
  [
    "corrupt",
    { entry: corrupt },
    ["unreadable", false, false, "unproved", "credential_corrupt", 65],
  ],
  [
    "a directory",
    { entry: directory },
    ["unreadable", false, false, "unproved", "credential_not_a_file", 65],
  ],
  [
    "unreadable",
    { entry: { ...corrupt, code: "credential_unreadable" } },
    ["unreadable", false, false, "unproved", "credential_unreadable", 66],
  ],
  [
    "in the Keychain, fresh",
    { source: "claude-keychain", path: null, isKept: false },
    ["fresh", true, false, "unproved", null, 0],
  ],
  [
    "in the Keychain, expired",
    { source: "claude-keychain", path: null, isKept: false, entry: present(past) },
    ["expired", false, false, "unproved", "unsupported", 78],
  ],
  [
    "a setup-token",
    {
      source: "CLAUDE_CODE_OAUTH_TOKEN",
      isKept: false,
      entry: present({ ...noRefresh, expiresAt: null }),
    },
    ["static", true, false, "unproved", null, 0],
  ],
  [
    "an API key helper",
    { source: "apiKeyHelper", path: null, isKept: false, entry: { state: "absent" } },
    ["static", true, false, "unproved", null, 0],
  ],
  [
    "an env file without its token",
    { source: "CLAUDE_CODE_OAUTH_TOKEN", isKept: false, entry: { state: "absent" } },
    ["absent", false, false, "unproved", "no_credential", 66],
  ],
  [
    "an env file that cannot be understood",
    {
      source: "CLAUDE_CODE_OAUTH_TOKEN",
      isKept: false,
      entry: { state: "unreadable", code: "env_file_corrupt", reason: "line 2 is no NAME=value" },
    },
    ["unreadable", false, false, "unproved", "env_file_corrupt", 65],
  ],
  [
    "a setup-token whose end is near",
    {
      source: "CLAUDE_CODE_OAUTH_TOKEN",
      isKept: false,
      entry: present({ refreshToken: null, refreshTokenExpiresAt: NOW + 6 * DAY }),
    },
    ["static", true, false, "unproved", "login_ends_soon", 0],
  ],
];

describe("the status of a login", () => {
  it.each(TABLE)("%s", (_name, view, [phase, usable, refreshable, proof, action, exit]) => {
    const status = see(view);
    expect({
      phase: status.phase,
      usable: status.usable,
      refreshable: status.refreshable,
      proof: status.proof.state,
      action: status.action?.code ?? null,
      exit: exitOfStatuses([status]),
    }).toEqual({ phase, usable, refreshable, proof, action, exit });
    expect(JSON.stringify(status)).not.toContain("TEST");
  });

  it.each(TABLE.filter(([, , [, usable, refreshable]]) => !usable && !refreshable))(
    "%s: says what to do, and where",
    (_name, view) => {
      const { action, path } = see(view);
      expect(action?.message).toMatch(/\. \S/);
      if (path !== null) expect(action?.message).toContain(path);
      expect(["person", "wait", "admin"]).toContain(action?.by);
    },
  );

  it("is due in the last quarter of a life, to the millisecond", () => {
    expect(see({ entry: present({ expiresAt: NOW + 2 * HOUR + 1 }) }).phase).toBe("fresh");
    expect(see({ entry: present({ expiresAt: NOW + 2 * HOUR }) }).phase).toBe("due");
    expect(see({ entry: present({ expiresAt: NOW + 1 }) }).phase).toBe("due");
    expect(see({ entry: present({ expiresAt: NOW }) }).phase).toBe("expired");
  });

  it("tells the end of a login from 7 days ahead on, also when it has passed", () => {
    const at = (endsAt: number) =>
      see({ entry: present({ refreshTokenExpiresAt: endsAt }) }).action;
    expect(at(NOW + 7 * DAY + 1)).toBeNull();
    expect(at(NOW + 7 * DAY)).toMatchObject({
      code: "login_ends_soon",
      message: "this login ends in 7 days, and only a new sign-in renews it",
      command: "pilotlight login",
      by: "person",
    });
    expect(at(NOW + 3 * HOUR)?.message).toContain("ends in 3 h 0 min");
    expect(at(NOW - 4 * DAY)?.message).toContain("was to end 4 days ago");
    expect(see({ entry: present({ refreshTokenExpiresAt: NOW - DAY }) }).usable).toBe(true);
  });

  it("gives commands for this login, and for no other", () => {
    const commandOf = (view: Partial<LoginView>) => see(view).action?.command;
    const dead = { record: { ...EMPTY, verdict: ended } };
    const ending = { entry: present({ refreshTokenExpiresAt: NOW + DAY }) };
    const bot = { name: "bot", configDir: "/srv/o'bot" };
    for (const view of [dead, ending]) {
      expect(commandOf(view)).toBe("pilotlight login");
      expect(commandOf({ ...view, ...bot })).toBe("pilotlight login --login bot");
      expect(commandOf({ ...view, name: "bot" })).toBe("pilotlight login --login bot");
    }
    const due = { entry: present(past) };
    const seconds = { entry: present({ expiresAt: Math.floor(NOW / 1000) }) };
    for (const view of [due, seconds]) {
      expect(commandOf({ ...view, configDir: "/srv/x" })).toBe("pilotlight refresh");
      expect(commandOf({ ...view, ...bot })).toBe("pilotlight refresh --login bot");
    }
  });

  it("shows times as ISO 8601 and whole seconds and days", () => {
    expect(see({})).toMatchObject({
      accessToken: {
        kind: "oauth",
        fingerprint: A,
        expiresAt: "2026-11-20T20:00:00.000Z",
        expiresInSeconds: 8 * 3600,
      },
      refreshToken: { present: true, fingerprint: R },
      loginEndsAt: "2026-12-15T12:00:00.000Z",
      loginEndsInDays: 25,
      scopes: ["user:inference"],
      subscriptionType: "max",
      inDoubt: false,
    });
    expect(see({ entry: present({ expiresAt: NOW - 1500 }) }).accessToken).toMatchObject({
      expiresInSeconds: -2,
    });
  });

  it("bears a date that no calendar has", () => {
    const odd = { expiresAt: 1e300, refreshTokenExpiresAt: -1e300 };
    expect(see({ entry: present(odd) })).toMatchObject({
      accessToken: { expiresAt: null, expiresInSeconds: null },
      loginEndsAt: null,
      loginEndsInDays: null,
    });
    expect(isoOf(8.64e15)).toBe("+275760-09-13T00:00:00.000Z");
    expect(isoOf(8.64e15 + 1)).toBeNull();
  });

  it("says by whom and when a token was proved or refuted", () => {
    const at = "2026-11-20T11:00:00.000Z";
    const proofOf = (verdict: LoginRecord["verdict"]) =>
      see({ record: { ...EMPTY, verdict } }).proof;
    expect(proofOf(proved)).toEqual({ state: "proved", at, by: "refresh", code: null });
    expect(proofOf(rejected)).toEqual({ state: "refuted", at, by: "messages", code: null });
    expect(proofOf(ended)).toEqual({ state: "refuted", at, by: "refresh", code: "login_ended" });
    expect(proofOf({ ...proved, access: "sha256:00000000" }).state).toBe("unproved");
    expect(proofOf({ ...rejected, access: "sha256:00000000" }).state).toBe("unproved");
  });

  it.each([
    ["CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-TEST", "setup-token"],
    ["CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-api03-TEST", "api-key"],
    ["ANTHROPIC_API_KEY", "sk-ant-api03-TEST", "api-key"],
    ["ANTHROPIC_API_KEY", "TEST-gateway", "api-key"],
    ["ANTHROPIC_API_KEY", "sk-ant-oat01-TEST", "oauth"],
    ["ANTHROPIC_AUTH_TOKEN", "TEST-gateway", "api-key"],
    ["ANTHROPIC_AUTH_TOKEN", "sk-ant-oat01-TEST", "oauth"],
    ["claude-file", "sk-ant-oat01-TEST", "oauth"],
    ["claude-file", "sk-ant-api03-TEST", "api-key"],
  ] as const)("in %s, %s is of kind %s", (source, token, kind) => {
    const entry = present({ accessToken: token });
    expect(see({ source, entry }).accessToken?.kind).toBe(kind);
  });
});

describe("the exit status of several logins", () => {
  const [good, dead, torn] = [
    see({}),
    see({ record: { ...EMPTY, verdict: ended } }),
    see({ entry: corrupt }),
  ];

  it("is 0 while every one is usable or refreshable, else the worst one's", () => {
    expect(exitOfStatuses([])).toBe(0);
    expect(exitOfStatuses([good, good])).toBe(0);
    expect(exitOfStatuses([good, torn])).toBe(65);
    expect(exitOfStatuses([torn, dead, good])).toBe(77);
  });
});
