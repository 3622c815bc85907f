import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFile } from "../../../src/claude/credentials-file.ts";
import { startOfProcess } from "../../../src/claude/locking/living-process.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { loginDocument, putLogin } from "../a-login.ts";
import {
  ACCESS,
  DAY,
  examine,
  HOUR,
  journal,
  put,
  REFRESH,
  remember,
  settings,
  told,
} from "./an-examination.ts";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

type Case = [what: string, prepare: () => unknown, told: RegExp];

const login = (fields: object = {}) => putLogin(home.configDir, fields);
const generation = (fields: object = {}) => {
  const entry = credentialsFile.parse(JSON.stringify(loginDocument(fields)));
  if (entry.state !== "present") throw new Error("the fixture holds no login");
  return entry.credential;
};

describe("store-readable", () => {
  it.each<Case>([
    ["a good one", () => login(), /^ok: .*\.credentials\.json$/],
    ["none", () => {}, /^failure: no_credential: /],
    [
      "none, with a key",
      () => settings(home, { env: { ANTHROPIC_API_KEY: "TEST" } }),
      /^note: .*jobs use ANTHROPIC_API_KEY$/,
    ],
    ["a torn one", () => writeFileSync(login(), "{"), /^failure: credential_corrupt: /],
    ["an empty one", () => writeFileSync(login(), ""), /^failure: credential_corrupt: .*empty/],
    [
      "a directory",
      () => mkdirSync(join(home.configDir, ".credentials.json")),
      /^failure: credential_not_a_file: .*directory/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "store-readable"))).toMatch(expected);
  });

  it("leaves the Keychain alone", async () => {
    expect(told(await examine(home, "store-readable", { platform: "darwin" }))).toMatch(
      /^skipped: /,
    );
  });
});

describe("store-shape", () => {
  const blank = { accessToken: "", refreshToken: "", expiresAt: 0 };
  it.each<Case>([
    ["a good one", () => login(), /^ok: /],
    ["none", () => {}, /^skipped: /],
    ["a blanked one", () => login(blank), /^failure: login_blanked: /],
    [
      "a blanked one with an unused generation",
      async () => {
        login(blank);
        await remember(home, { generation: generation() });
      },
      /^warning: its tokens were blanked/,
    ],
    [
      "a spent one",
      async () => {
        login();
        await remember(home, { spent: [REFRESH] });
      },
      /^failure: refresh_token_spent: .*sha256:/,
    ],
    [
      "a spent one with an unused generation",
      async () => {
        login();
        await remember(home, {
          spent: [REFRESH],
          generation: generation({ refreshToken: "sk-ant-ort01-TEST-next" }),
        });
      },
      /^warning: its refresh token sha256:\w+ was already used/,
    ],
    [
      "one that the server ended",
      async () => {
        login();
        const verdict = { kind: "ended", refresh: REFRESH, at: 1, code: "login_ended" } as const;
        await remember(home, { spent: [REFRESH], verdict });
      },
      /^failure: login_ended: the server rejected its refresh token sha256:\w+: this login has ended$/,
    ],
    [
      "a spent one beside one that the server ended",
      async () => {
        login();
        const refresh = "sha256:00000000";
        const verdict = { kind: "ended", refresh, at: 1, code: "login_ended" } as const;
        await remember(home, { spent: [refresh, REFRESH], verdict });
      },
      /^failure: refresh_token_spent: .*stale copy$/,
    ],
    ["no refresh token", () => login({ refreshToken: null }), /^warning: it has no refresh token$/],
    ["no access token", () => login({ accessToken: null }), /^warning: it has no access token$/],
    ["no end", () => login({ expiresAt: null }), /^warning: it does not say when/],
    [
      "seconds",
      () => login({ expiresAt: Math.floor(Date.now() / 1000) + 9999 }),
      /^warning: expiresAt is in seconds/,
    ],
    [
      "no scopes",
      () => login({ scopes: null }),
      /^failure: scope_missing: its scopes lack user:inference/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "store-shape"))).toMatch(expected);
  });
});

describe("stored-tokens", () => {
  it.each<Case>([
    ["good ones", () => login(), /^ok: /],
    ["none", () => {}, /^skipped: /],
    [
      "swapped ones",
      () => login({ accessToken: "sk-ant-ort01-TEST", refreshToken: "sk-ant-oat01-TEST" }),
      /^warning: the stored accessToken holds a refresh token .*\nwarning: the stored refreshToken holds an OAuth access token/,
    ],
    [
      "a line break",
      () => login({ accessToken: "sk-ant-oat01-TEST\nTEST" }),
      /^warning: the stored accessToken has a space/,
    ],
    ["an API key", () => login({ accessToken: "sk-ant-api03-TEST" }), /holds an API key/],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    const text = told(await examine(home, "stored-tokens"));
    expect(text).toMatch(expected);
    expect(text).not.toContain("TEST");
  });
});

describe("two-stores", () => {
  const secure = () => join(home.home, "secure");
  const env = () => ({ CLAUDE_SECURESTORAGE_CONFIG_DIR: secure() });
  beforeEach(() => {
    mkdirSync(secure());
    putLogin(secure());
  });

  it("tells of no other store, and not of the same file by another name", async () => {
    expect(told(await examine(home, "two-stores", { env: env() }))).toMatch(/^ok: /);
    symlinkSync(join(secure(), ".credentials.json"), join(home.configDir, ".credentials.json"));
    expect(told(await examine(home, "two-stores", { env: env() }))).toMatch(/^ok: /);
  });

  it("tells of a copy, and of a different one", async () => {
    login();
    expect(told(await examine(home, "two-stores", { env: env() }))).toMatch(
      /^warning: .*a copy of this login/,
    );
    login({ refreshToken: "sk-ant-ort01-TEST-other" });
    expect(told(await examine(home, "two-stores", { env: env() }))).toMatch(
      /^note: .*another login/,
    );
  });
});

describe("login-state", () => {
  it.each<Case>([
    ["fresh and unproved", () => login(), /^ok: fresh, unproved/],
    [
      "fresh and proved",
      async () => {
        login();
        await remember(home, {
          verdict: { kind: "proved", access: ACCESS, at: Date.now() - HOUR, by: "refresh" },
        });
      },
      /^ok: fresh, proved by refresh 1 h 0 min ago/,
    ],
    ["nothing", () => {}, /^skipped: /],
    ["expired", () => login({ expiresAt: 1 }), /^warning: the access token has ended/],
    [
      "expired for good",
      () => login({ expiresAt: 1, refreshToken: null }),
      /^failure: not_refreshable: /,
    ],
    [
      "revoked early",
      async () => {
        login();
        await remember(home, {
          verdict: { kind: "rejected", access: ACCESS, at: Date.now(), by: "run" },
        });
      },
      /^warning: the server rejected the access token .* before its date/,
    ],
    [
      "revoked early for good",
      async () => {
        login({ refreshToken: null });
        await remember(home, {
          verdict: { kind: "rejected", access: ACCESS, at: Date.now(), by: "run" },
        });
      },
      /^failure: auth_rejected: /,
    ],
    [
      "ended by the server, long before its own end",
      async () => {
        login();
        await remember(home, {
          verdict: { kind: "ended", refresh: REFRESH, at: Date.now(), code: "login_ended" },
        });
      },
      /^failure: login_ended: .*2[45] days before the login's own end: it was revoked, or another copy/,
    ],
    [
      "ended at its end",
      async () => {
        login({ refreshTokenExpiresAt: Date.now() - HOUR });
        await remember(home, {
          verdict: { kind: "ended", refresh: REFRESH, at: Date.now(), code: "login_ended" },
        });
      },
      /^failure: login_ended: the server rejected the refresh token \d+ s ago$/,
    ],
    [
      "a newer Pilotlight's",
      () => {
        login();
        put(home, ".local/state/pilotlight/logins/default.json", '{"schema": 99}');
      },
      /^failure: state_newer: /,
    ],
  ])("tells of a login that is %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "login-state"))).toMatch(expected);
  });
});

describe("login-state, of a record that is torn,", () => {
  const record = ".local/state/pilotlight/logins/default.json";
  const verdict = { kind: "proved", access: ACCESS, at: Date.now(), by: "refresh" } as const;
  beforeEach(() => void login());

  it("names the record as it stands, and then what was set aside", async () => {
    const path = put(home, record, '{"schema": 1, "verd');
    const warnings = async () =>
      (await examine(home, "login-state")).filter(({ result }) => result === "warning");
    expect((await warnings()).map(({ evidence }) => evidence)).toEqual([
      expect.stringMatching(`^${path} cannot be understood`),
    ]);
    await remember(home, { verdict });
    const [aside, ...more] = await warnings();
    expect(more).toEqual([]);
    expect(aside).toMatchObject({
      evidence: expect.stringMatching(/journal\/archive\/default-record-\d+-corrupt\.json cannot/),
      fm: ["FM-32"],
    });
  });

  it("says nothing of another login's, or of a journal", async () => {
    await remember(home, { verdict });
    const archive = ".local/state/pilotlight/journal/archive";
    put(home, `${archive}/other-record-1795000000000-corrupt.json`, "{");
    put(home, `${archive}/default-1795000000000-corrupt.json`, "{");
    expect(told(await examine(home, "login-state"))).toMatch(/^ok: .*$/);
  });

  it("counts one for torn that is nested too deep", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    put(
      home,
      record,
      `{"schema": 1, "verdict": ${JSON.stringify(verdict).replace("}", `, "x": ${deep}}`)}}`,
    );
    expect(told(await examine(home, "login-state"))).toMatch(/\nwarning: .*cannot be understood/);
    await remember(home, { verdict });
    expect(told(await examine(home, "login-state"))).toMatch(/^ok: fresh, proved/);
  });
});

describe("login-end", () => {
  it.each<Case>([
    ["no login", () => {}, /^skipped: /],
    ["an unknown end", () => login({ refreshTokenExpiresAt: null }), /^note: /],
    [
      "a far end",
      () => login({ refreshTokenExpiresAt: Date.now() + 8 * DAY }),
      /^ok: it ends in 8 days|^ok: it ends in 7 days/,
    ],
    [
      "a near end",
      () => login({ refreshTokenExpiresAt: Date.now() + 7 * DAY }),
      /^warning: it ends in/,
    ],
    [
      "a passed end",
      () => login({ refreshTokenExpiresAt: Date.now() - DAY }),
      /^warning: it was to end 1 d 0 h ago/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "login-end"))).toMatch(expected);
  });
});

describe("refresh-journal", () => {
  const self = () => ({ pid: process.pid, startedAt: startOfProcess(process.pid) ?? "" });
  it.each<Case>([
    ["an empty one", () => {}, /^ok: /],
    ["an intent", () => journal(home), /^warning: the refresh of .* did not finish/],
    [
      "a result",
      () => journal(home, { step: "result", issued: generation() }),
      /^warning: .*did not finish/,
    ],
    ["one at work", () => journal(home, { process: self() }), /^note: .*still in flight/],
    [
      "doubt, with an access token",
      () => journal(home, { step: "in_doubt", code: "in_doubt" }),
      /^warning: .*never seen/,
    ],
    [
      "doubt, without one",
      async () => {
        login({ expiresAt: 1 });
        await journal(home, { step: "in_doubt", code: "refresh_unknown" });
      },
      /^failure: refresh_unknown: .*never seen/,
    ],
    [
      "one that cannot be read",
      () => put(home, ".local/state/pilotlight/journal/default.json", "{"),
      /^warning: .*never seen/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    login();
    await prepare();
    expect(told(await examine(home, "refresh-journal"))).toMatch(expected);
  });
});
