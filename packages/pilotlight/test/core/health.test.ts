import { describe, expect, it } from "vitest";
import type { Credential } from "../../src/core/credential.ts";
import { healthOf, worstHealth } from "../../src/core/health.ts";
import type { KeepTrouble, KeptLogin } from "../../src/core/kept-login.ts";
import type { LoginView } from "../../src/core/login-status.ts";
import { EMPTY_RECORD } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 21);

const credential: Credential = {
  accessToken: { secret: new Secret("sk-ant-oat01-TEST-1"), fingerprint: "sha256:aaaaaaaa" },
  refreshToken: { secret: new Secret("sk-ant-ort01-TEST-1"), fingerprint: "sha256:bbbbbbbb" },
  expiresAt: NOW + 5 * HOUR,
  loginEndsAt: NOW + 20 * DAY,
  scopes: ["user:inference"],
  subscriptionType: "max",
  fields: new Secret({}),
};

const trouble: KeepTrouble = {
  code: "endpoint_unavailable",
  detail: "HTTP 503",
  since: NOW - HOUR,
  failures: 4,
};

function keptLogin(
  change: Partial<Credential> | null = {},
  more: Partial<KeptLogin> = {},
  view: Partial<LoginView> = {},
): KeptLogin {
  return {
    name: "bot",
    view: {
      name: "bot",
      configDir: "/srv/bot",
      source: "claude-file",
      path: "/srv/bot/.credentials.json",
      driver: "cli",
      entry:
        change === null
          ? { state: "absent" }
          : { state: "present", credential: { ...credential, ...change } },
      record: EMPTY_RECORD,
      journal: null,
      jitter: 0,
      isKept: true,
      isReadOnly: false,
      ...view,
    },
    lookedAt: NOW - 1000,
    activity: "idle",
    trouble: null,
    renewedAt: null,
    nextAttemptAt: NOW + 3 * HOUR,
    ...more,
  };
}

describe("the health of a kept login", () => {
  it("is ok while its token lives and nothing is to be done, also when a renewal is due", () => {
    expect(healthOf(keptLogin(), NOW)).toMatchObject({ health: "ok", action: null, usable: true });
    const due = healthOf(keptLogin({ expiresAt: NOW + HOUR }), NOW);
    expect(due).toMatchObject({ health: "ok", phase: "due", action: { code: "refresh_due" } });
  });

  it("is starting before anybody has looked", () => {
    const unseen = healthOf(keptLogin({}, { view: null, lookedAt: null }), NOW);
    expect(unseen).toMatchObject({ health: "starting", usable: false, action: null });
    const blind = healthOf(keptLogin({}, { view: null, trouble }), NOW);
    expect(blind.action).toMatchObject({ code: "endpoint_unavailable" });
  });

  it("is degraded while the endpoint fails and the token lives, and down once it has ended", () => {
    const failing = healthOf(keptLogin({ expiresAt: NOW + HOUR }, { trouble }), NOW);
    expect(failing).toMatchObject({
      health: "degraded",
      trouble: { code: "endpoint_unavailable", failures: 4, since: "2026-11-20T23:00:00.000Z" },
      action: { code: "endpoint_unavailable", by: "wait" },
    });
    const over = healthOf(keptLogin({ expiresAt: NOW }, { trouble }), NOW);
    expect(over).toMatchObject({ health: "down", action: { code: "endpoint_unavailable" } });
  });

  it("is degraded a week before its end, with what a person has to type", () => {
    const soon = healthOf(keptLogin({ loginEndsAt: NOW + 6 * DAY }), NOW);
    expect(soon).toMatchObject({
      health: "degraded",
      action: { code: "login_ends_soon", by: "person" },
    });
    expect(soon.action?.command).toBe("pilotlight login --login bot");
    expect(healthOf(keptLogin({ loginEndsAt: NOW + 8 * DAY }), NOW).health).toBe("ok");
  });

  it("does not forget that end while a renewal of the token is due", () => {
    const both = keptLogin({ loginEndsAt: NOW + 6 * DAY, expiresAt: NOW + HOUR });
    const { health, action } = healthOf(both, NOW);
    expect([health, action?.code]).toEqual(["degraded", "login_ends_soon"]);
  });

  it("is down without a login, and says so before any trouble of the keeper", () => {
    const none = healthOf(keptLogin(null, { trouble }), NOW);
    expect(none).toMatchObject({ health: "down", action: { code: "no_credential", by: "person" } });
  });

  it("shows a journal that is open, and one that is in doubt", () => {
    const journal = { step: "intent", retried: false, code: null } as const;
    expect(healthOf(keptLogin({}, {}, { journal }), NOW).journal).toBe("open");
    const doubted = healthOf(keptLogin({}, {}, { journal: { ...journal, step: "in_doubt" } }), NOW);
    expect(doubted).toMatchObject({ journal: "in_doubt", health: "degraded" });
  });

  it("never holds a token", () => {
    expect(JSON.stringify(healthOf(keptLogin({}, { trouble }), NOW))).not.toContain("sk-ant");
  });
});

describe("the health of several", () => {
  it("is that of the worst", () => {
    expect(worstHealth(["ok", "down", "starting"])).toBe("down");
    expect(worstHealth(["ok", "starting", "degraded"])).toBe("starting");
    expect(worstHealth(["ok", "degraded"])).toBe("degraded");
    expect(worstHealth([])).toBe("ok");
  });
});
