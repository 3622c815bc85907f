import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { runHere } from "../run-here.ts";
import { readConfig } from "../../../src/cli/config.ts";
import { DOCTOR_CHECKS } from "../../../src/cli/doctor/doctor-checks.ts";
import { repairLogin } from "../../../src/cli/doctor/repairs/repair-login.ts";
import { openWorld } from "../../../src/cli/doctor/world.ts";
import { ACCESS, examine, HOUR, journal, MINUTE, put, remember, told } from "./an-examination.ts";

/** Gives a process mounts of its own. */
const UNSHARE = "unshare";
const BIN = fileURLToPath(new URL("../../../bin/pilotlight.mjs", import.meta.url));

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

type Case = [what: string, prepare: () => unknown, told: RegExp];

const login = (fields: object = {}) => putLogin(home.configDir, fields);
const file = () => join(home.configDir, ".credentials.json");

async function openHere() {
  const config = await readConfig(home.env);
  const options = { cwd: home.home, platform: "linux", now: 0, scan: [], service: null } as const;
  return openWorld(config, config.logins, options);
}

/** The findings of one check in a mount namespace of its own, where `script` ran first. */
function examineMounted(script: string, id: string): string {
  const argv = [
    "-m",
    "sh",
    "-ec",
    `${script}\nexec "$@"`,
    "sh",
    process.execPath,
    BIN,
    "doctor",
    "--json",
  ];
  const options = { env: home.env, cwd: home.home, encoding: "utf8", timeout: 60_000 } as const;
  const { stdout, stderr } = spawnSync(UNSHARE, argv, options);
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as { checks: { id: string; findings: never[] }[] };
  return told(report.checks.find((check) => check.id === id)?.findings ?? []);
}

describe("store-owner", () => {
  it.each<Case>([
    ["nothing", () => {}, /^skipped: /],
    ["a private file", () => login(), /^ok: mode 0600, uid \d+$/],
    [
      "an open file",
      () => chmodSync(login(), 0o644),
      /^warning: .* has mode 0644: other users can use the login$/,
    ],
    [
      "an open directory",
      () => {
        login();
        chmodSync(home.configDir, 0o777);
      },
      /^warning: .*\.claude has mode 0777: other users can replace the login$/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "store-owner"))).toMatch(expected);
  });

  it("offers to close only the file", async () => {
    chmodSync(login(), 0o640);
    chmodSync(home.configDir, 0o770);
    const [first, second] = await examine(home, "store-owner");
    expect(first).toMatchObject({ repair: "file-mode", command: `chmod 600 ${file()}` });
    expect(second).toMatchObject({ repair: null, command: `chmod 700 ${home.configDir}` });
  });

  it("offers to close no file that is not a login, wherever a link leads", async () => {
    const other = put(home, "other.conf", "setting = 1\n");
    symlinkSync(other, file());
    const [first] = await examine(home, "store-owner");
    expect(first).toMatchObject({ repair: null, command: `chmod 600 ${other}` });
    const env = home.env;
    await runHere(["doctor", "--fix", "--yes"], env);
    expect(statSync(other).mode & 0o777).toBe(0o644);
  });

  needs("linux", "root").it("lets root close nothing of another user's", async () => {
    const target = join(home.home, "real.json");
    renameSync(login(), target);
    chmodSync(target, 0o644);
    chownSync(target, 12345, 12345);
    symlinkSync(target, file());
    const [first] = await examine(home, "store-owner");
    expect(first).toMatchObject({ repair: null, command: `chmod 600 ${target}` });
    const config = await readConfig(home.env);
    const [one] = config.logins;
    if (one === undefined) throw new Error("there is no login");
    expect(await repairLogin(config, one, "file-mode")).toMatchObject({
      done: false,
      detail: `${target} belongs to uid 12345, and this is uid 0`,
    });
    expect(statSync(target).mode & 0o777).toBe(0o644);
  });

  needs("linux", "root").it("tells root whose file it is", async () => {
    chownSync(login(), 12345, 12345);
    expect(told(await examine(home, "store-owner"))).toMatch(
      /^note: .* uid 12345, and this is root$/,
    );
  });
});

describe("store-mount and store-links", () => {
  it.each<Case>([
    ["nothing", () => {}, /^skipped: .*\nskipped: /],
    ["a plain file", () => login(), /^ok: .*\nok: a plain file$/],
    [
      "a symlink",
      () => {
        renameSync(login(), join(home.home, "real.json"));
        symlinkSync(join(home.home, "real.json"), file());
      },
      /^ok: .*\nwarning: .* is a symlink/,
    ],
    [
      "two names",
      () => linkSync(login(), join(home.home, "again.json")),
      /^ok: .*\nwarning: .* has 2 names/,
    ],
  ])("tell of %s", async (_what, prepare, expected) => {
    await prepare();
    const findings = [
      ...(await examine(home, "store-mount")),
      ...(await examine(home, "store-links")),
    ];
    expect(told(findings)).toMatch(expected);
  });

  needs("linux", "root", "unshare").it(
    "tell how it is mounted",
    () => {
      login();
      const bind = `mount --bind "${file()}" "${file()}"`;
      expect(examineMounted(bind, "store-mount")).toMatch(/^warning: .*mounted as a single file/);
      const readOnly = `${bind}\nmount -o remount,ro,bind "${file()}"`;
      expect(examineMounted(readOnly, "store-mount")).toMatch(
        /^warning: .*read-only with a refresh token in it/,
      );
      const replaced = `cp "${file()}" "${file()}.host"\nmount --bind "${file()}.host" "${file()}"\nrm "${file()}.host"`;
      expect(examineMounted(replaced, "store-mount")).toMatch(
        /^failure: cannot_persist: .*was replaced where it is mounted from/,
      );
      login({ refreshToken: null });
      expect(examineMounted(readOnly, "store-mount")).toMatch(/^note: .*without a refresh token/);
    },
    90_000,
  );
});

describe("lock-place and room-to-persist", () => {
  it("are content where this user may write", async () => {
    login();
    expect(told(await examine(home, "lock-place"))).toMatch(/^ok: /);
    expect(told(await examine(home, "room-to-persist"))).toMatch(/^ok: .*\nok: /);
  });

  it("tell of a state directory that is none", async () => {
    put(home, "state-file", "");
    const env = { PILOTLIGHT_STATE_DIR: join(home.home, "state-file") };
    expect(told(await examine(home, "room-to-persist", { env }))).toMatch(
      /^ok: .*\nfailure: cannot_persist: .*state-file: it is no directory$/,
    );
  });

  needs("linux", "root", "unshare").it(
    "tell of read-only and of full places",
    () => {
      login();
      const dir = home.configDir;
      const readOnly = `mount --bind "${dir}" "${dir}"\nmount -o remount,ro,bind "${dir}"`;
      // Whose store is read-only hears of it once, where the mount is told.
      expect(examineMounted(readOnly, "lock-place")).toMatch(/^note: .*takes no new/);
      expect(examineMounted(readOnly, "room-to-persist")).toMatch(
        /^note: .*mounted read-only\nok: /,
      );
      const parent = `mount --bind "${home.home}" "${home.home}"\nmount --bind "${dir}" "${dir}"\nmount -o remount,ro,bind "${home.home}"`;
      expect(examineMounted(parent, "lock-place")).toMatch(
        /^warning: .*home takes no new directory/,
      );
      const state = join(home.stateDir, "pilotlight");
      mkdirSync(state);
      const full = `mount -t tmpfs -o size=512k,nosuid tmpfs "${state}"`;
      expect(examineMounted(full, "room-to-persist")).toMatch(
        /failure: cannot_persist: .*only 512 KiB/,
      );
    },
    90_000,
  );
});

describe("refresh-locks", () => {
  const first = () => join(home.configDir, ".oauth_refresh.lock");
  const age = (path: string, ms: number) => {
    mkdirSync(path);
    utimesSync(path, (Date.now() - ms) / 1000, (Date.now() - ms) / 1000);
  };
  const dead = () => ({ pid: 2 ** 22 + 1, procStart: "1" });

  it.each<Case>([
    ["none", () => {}, /^ok: none is there$/],
    ["one that is held", () => mkdirSync(first()), /^note: .*is held/],
    ["an old one", () => age(first(), 2 * MINUTE), /^warning: .*was last touched 2 min 0 s ago$/],
    [
      "an old one in the parent",
      () => age(`${home.configDir}.lock`, HOUR),
      /^warning: .*\.claude\.lock was last/,
    ],
    [
      "an old one around the write",
      () => age(join(home.configDir, ".storage-write.lock"), 20_000),
      /^warning: .*\.storage-write\.lock/,
    ],
    [
      "one from the future",
      () => age(first(), -HOUR),
      /^warning: .*touched 1 h 0 min in the future$/,
    ],
    ["one that is a few seconds ahead", () => age(first(), -5000), /^note: .*is held/],
    [
      "a file in its place",
      () => writeFileSync(first(), ""),
      /^failure: cannot_persist: .*is no directory/,
    ],
    [
      "a file in the parent's place",
      () => writeFileSync(`${home.configDir}.lock`, ""),
      /^note: .*is no directory/,
    ],
  ])("tells of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "refresh-locks"))).toMatch(expected);
  });

  needs("linux").it("tells at once of one whose holder is dead", async () => {
    mkdirSync(first());
    const space = readlinkSync("/proc/self/ns/pid");
    const machine = readFileSync("/etc/machine-id", "utf8").trim();
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const record = {
      ...dead(),
      pidDomain: `linux:${machine}:${space}`,
      pidSpace: `${hostname()}#${space}`,
      lockBirthtimeMs: lstatSync(first()).birthtimeMs,
      bootId,
    };
    writeFileSync(`${first()}.owner`, JSON.stringify(record));
    expect(told(await examine(home, "refresh-locks"))).toMatch(
      /^warning: .*a process that is gone$/,
    );
  });

  needs("linux", "root").it("tells another user's from ours", async () => {
    mkdirSync(first());
    chownSync(first(), 12345, 12345);
    const check = DOCTOR_CHECKS.find(({ id }) => id === "refresh-locks");
    const world = await openHere();
    const as = async (uid: number) => {
      const logins = world.logins.map((one) => ({ ...one, machine: { ...one.machine, uid } }));
      return told((await check?.run({ ...world, logins })) ?? []);
    };
    expect(await as(23456)).toMatch(/^warning: .*belongs to uid 12345, and this is uid 23456$/);
    expect(await as(12345)).toMatch(/^note: .*is held/);
    expect(await as(0)).toMatch(/^note: .*is held/);
  });
});

describe("login-copies, shared-store and account-identity", () => {
  const config = (text: string) => put(home, ".config/pilotlight/config.toml", text);
  const two = "[logins.a]\ndir = '~/a'\n[logins.b]\ndir = '~/b'\n";
  beforeEach(() => {
    for (const name of ["a", "b"]) mkdirSync(join(home.home, name));
    putLogin(join(home.home, "a"));
  });

  it("tell of one login in two places", async () => {
    config(two);
    putLogin(join(home.home, "b"), { refreshToken: "sk-ant-ort01-TEST-other" });
    expect(told(await examine(home, "login-copies"))).toMatch(/^ok: 2 looked at$/);
    putLogin(join(home.home, "b"));
    expect(told(await examine(home, "login-copies"))).toMatch(
      /^warning: a and b hold the same refresh token/,
    );
  });

  it("tell of one file under two names", async () => {
    config(two);
    symlinkSync(
      join(home.home, "a", ".credentials.json"),
      join(home.home, "b", ".credentials.json"),
    );
    expect(told(await examine(home, "login-copies"))).toMatch(
      /^warning: a and b are the same file/,
    );
  });

  it("tell of a store that other hosts share", async () => {
    const world = await openHere();
    const check = DOCTOR_CHECKS.find(({ id }) => id === "shared-store");
    const on = async (mounts: typeof world.mounts) => {
      const logins = world.logins.map((one) => ({ ...one, machine: { ...one.machine, mounts } }));
      return told((await check?.run({ ...world, logins })) ?? []);
    };
    const root = { mountPoint: "/", isReadOnly: false, type: "ext4" };
    const net = { mountPoint: home.configDir, isReadOnly: false, type: "nfs4" };
    expect(await on([])).toMatch(/^skipped: /);
    expect(await on([root])).toMatch(/^ok: on ext4$/);
    expect(await on([root, net])).toMatch(/^warning: .* is on nfs4: .*not the journal/);
    expect(await on([{ ...net, mountPoint: "/" }])).toMatch(/^ok: on nfs4, with the state/);
  });

  it("tell of an account that is not the one shown", async () => {
    login({ accountUuid: "TEST-1" });
    expect(told(await examine(home, "account-identity"))).toMatch(/^skipped: /);
    put(home, ".claude/.claude.json", '{"oauthAccount":{"accountUuid":"TEST-1"}}');
    expect(told(await examine(home, "account-identity"))).toMatch(/^ok: /);
    put(home, ".claude/.claude.json", '{"oauthAccount":{"accountUuid":"TEST-2"}}');
    expect(told(await examine(home, "account-identity"))).toMatch(/^warning: .*another account/);
  });
});

describe("home-state, state-directory and clock", () => {
  it.each<Case>([
    ["no login", () => {}, /^skipped: /],
    ["no home state", () => login(), /^note: .*is not there/],
    [
      "no onboarding",
      () => {
        login();
        put(home, ".claude/.claude.json", "{}");
      },
      /^note: .*lacks hasCompletedOnboarding/,
    ],
    [
      "all of it",
      () => {
        login();
        put(home, ".claude/.claude.json", '{"hasCompletedOnboarding":true}');
      },
      /^ok: /,
    ],
    [
      "a torn one",
      () => {
        login();
        put(home, ".claude/.claude.json", '{"a":');
      },
      /^warning: .*is not JSON/,
    ],
  ])("tell of %s", async (_what, prepare, expected) => {
    await prepare();
    expect(told(await examine(home, "home-state"))).toMatch(expected);
  });

  it("tell of open state", async () => {
    const state = join(home.stateDir, "pilotlight");
    expect(told(await examine(home, "state-directory"))).toMatch(/^skipped: /);
    mkdirSync(state, { mode: 0o700 });
    expect(told(await examine(home, "state-directory"))).toMatch(/^ok: /);
    chmodSync(state, 0o755);
    expect(told(await examine(home, "state-directory"))).toMatch(/^warning: .*open to other users/);
  });

  it("tell of what is dated later than now", async () => {
    login();
    expect(told(await examine(home, "clock"))).toMatch(/^ok: /);
    await journal(home, { at: Date.now() + HOUR });
    const at = Date.now() + 2 * HOUR;
    await remember(home, { verdict: { kind: "proved", access: ACCESS, at, by: "refresh" } });
    utimesSync(file(), Date.now() / 1000 + 7200, Date.now() / 1000 + 7200);
    const text = told(await examine(home, "clock"));
    expect(text).toMatch(/warning: .*\.credentials\.json is dated/);
    expect(text).toMatch(/warning: the last verdict is dated/);
    expect(text).toMatch(/warning: the journal is dated/);
  });
});
