import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/cli/config.ts";
import { serviceUnit } from "../../../src/cli/doctor/service/service-unit.ts";
import { unitFile } from "../../../src/cli/doctor/service/unit-file.ts";
import { unitLogins } from "../../../src/cli/doctor/service/unit-logins.ts";
import { replaceSpecifiers } from "../../../src/cli/doctor/service/unit-specifiers.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { putLogin } from "../a-login.ts";
import { examine, put, putClaude, told } from "./an-examination.ts";

const { username } = userInfo();

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
  putLogin(home.configDir);
  putClaude(home);
});
afterEach(() => home.cleanup());

/** What makes a service see what its user sees. */
const same = () =>
  `User=${username}\nEnvironment=HOME=${home.home} "PATH=${home.home}/bin"\nEnvironment=CLAUDE_CONFIG_DIR=${home.configDir}\n`;

async function judgedAs(service: string, env: Record<string, string> = {}): Promise<string> {
  const options = { service, env: { PILOTLIGHT_CLAUDE: "claude", ...env } };
  return told(await examine(home, "service-environment", options));
}

/** What is said of `bot.service` with these lines. */
function judged(lines: string, start = "/bin/true"): Promise<string> {
  put(home, "bot.service", `[Service]\nExecStart=${start}\n${lines}`);
  return judgedAs("./bot.service");
}

describe("service-environment", () => {
  it("is asked for", async () => {
    expect(told(await examine(home, "service-environment"))).toMatch(/^skipped: .*--as-service/);
  });

  it("is content with the same surroundings", async () => {
    expect(await judged(same())).toMatch(/^ok: .*bot\.service: uid \d+, HOME .*, the same store$/);
  });

  it.each<[string, string, RegExp]>([
    [
      "another home",
      "Environment=HOME=/no/such\nEnvironment=CLAUDE_CONFIG_DIR=/no/such/.claude",
      /^failure: no_credential: .*in \/no\/such\/\.claude/,
    ],
    [
      "another directory",
      "Environment=CLAUDE_CONFIG_DIR=/no/such",
      /^failure: no_credential: .*\/no\/such/,
    ],
    [
      "an unknown user",
      "User=no-such-user",
      /^failure: no_credential: .*does not know the user no-such-user$/,
    ],
    ["a PATH without claude", "Environment=PATH=/no/such", /^failure: cli_not_found: /],
    ["a key", "Environment=ANTHROPIC_API_KEY=TEST", /^warning: .*sets ANTHROPIC_API_KEY/],
    ["a wall", "ProtectSystem=strict", /^warning: .*ProtectSystem=strict keeps the service/],
    ["a made-up user", "DynamicUser=yes", /^warning: .*DynamicUser=yes/],
  ])("tells of %s", async (_what, line, expected) => {
    expect(await judged(`${same()}${line}\n`)).toMatch(expected);
  });

  it("is content with a wall that has a door", async () => {
    expect(
      await judged(`${same()}ProtectSystem=strict\nReadWritePaths=${home.configDir}\n`),
    ).toMatch(/^ok: /);
  });

  it("reads environment files and drop-ins, and finds units by name", async () => {
    put(home, "env", `HOME="${home.home}"\nPATH=${home.home}/bin\n# CLAUDE_CONFIG_DIR=/no\n`);
    put(home, ".config/systemd/user/job.service", "[Service]\nExecStart=claude\n");
    put(home, ".config/systemd/user/job.service.d/x.conf", `EnvironmentFile=-${home.home}/env\n`);
    mkdirSync(join(home.home, "elsewhere"));
    const options = { service: "job", cwd: join(home.home, "elsewhere") };
    expect(told(await examine(home, "service-environment", options))).toMatch(
      /^ok: .*user\/job\.service/,
    );
    await expect(examine(home, "service-environment", { service: "none" })).rejects.toMatchObject({
      code: "usage",
    });
  });
});

describe("the configuration of a service", () => {
  const elsewhere = () => `${same()}Environment=PATH=/no/such\n`;
  const table = (path: string) => `claude = "${path}"\n`;

  it("takes the claude that the unit names, not the caller's", async () => {
    const own = `${elsewhere()}Environment=PILOTLIGHT_CLAUDE=${home.home}/bin/claude\n`;
    expect(await judged(own)).toMatch(/^ok: /);
    const words = `${elsewhere()}Environment='PILOTLIGHT_CLAUDE=["${home.home}/bin/claude","-d"]'\n`;
    expect(await judged(words)).toMatch(/^ok: /);
    const none = `${same()}Environment=PILOTLIGHT_CLAUDE=/no/such/claude\n`;
    expect(await judged(none)).toMatch(
      /^failure: cli_not_found: .*: it does not find \/no\/such\/claude$/,
    );
  });

  it("does not believe what only the caller's environment says", async () => {
    put(home, "bot.service", `[Service]\nExecStart=/bin/true\n${elsewhere()}`);
    expect(
      await judgedAs("./bot.service", { PILOTLIGHT_CLAUDE: `${home.home}/bin/claude` }),
    ).toMatch(/^failure: cli_not_found: .*: its PATH has no Claude Code$/);
  });

  it.each([
    ["of its home", ".config/pilotlight/config.toml", ""],
    ["that PILOTLIGHT_CONFIG names", "etc/p.toml", "PILOTLIGHT_CONFIG=HOME/etc/p.toml"],
    ["below XDG_CONFIG_HOME", "etc/pilotlight/config.toml", "XDG_CONFIG_HOME=HOME/etc"],
  ])("is the file %s", async (_what, path, assignment) => {
    put(home, path, table(`${home.home}/bin/claude`));
    const set =
      assignment === "" ? "" : `Environment=${assignment.replace("HOME/", `${home.home}/`)}`;
    expect(await judged(`${elsewhere()}${set}\n`)).toMatch(/^ok: /);
  });

  needs("linux", "root").it("is not guessed in a home that is closed", async () => {
    const closed = join(home.home, "closed");
    mkdirSync(closed, { mode: 0o700 });
    const set = `${same()}Environment=HOME=${closed} ANTHROPIC_API_KEY=TEST\n`;
    put(home, "bot.service", `[Service]\nExecStart=/bin/true\n${set}`);
    chmodSync(dirname(home.home), 0o755);
    chmodSync(home.home, 0o755);
    const examination = new URL("an-examination.ts", import.meta.url).href;
    const script = `const { examine, told } = await import(${JSON.stringify(examination)});
      process.setgid(65534); process.setuid(65534);
      const home = ${JSON.stringify({ home: home.home, env: { HOME: "/no/such" } })};
      process.stdout.write(told(await examine(home, "service-environment", { service: "./bot.service" })));`;
    const argv = ["--input-type=module-typescript", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { env: {} });
    expect(stdout).toMatch(
      /^skipped: .*bot\.service: .*closed is closed to you\nwarning: .*sets ANTHROPIC_API_KEY.*$/,
    );
  });

  it("is told when it is refused", async () => {
    const set = `${same()}Environment=PILOTLIGHT_DRIVER=none\n`;
    expect(await judged(set)).toMatch(
      /^failure: config_invalid: .*bot\.service: PILOTLIGHT_DRIVER must be/,
    );
  });
});

describe("the logins of a service", () => {
  const run = "/usr/bin/pilotlight run --login bot -- claude -p x";
  beforeEach(() => {
    const [dir, file] = [join(home.home, "logins/bot"), join(home.home, "night.json")];
    const logins = `[logins.bot]\ndir = "${dir}"\n[logins.night]\ncredentials_file = "${file}"\n`;
    put(home, ".config/pilotlight/config.toml", logins);
  });

  it("are those that Pilotlight is told, not CLAUDE_CONFIG_DIR's", async () => {
    const store = join(home.home, "logins/bot/.credentials.json");
    put(home, "bot.service", `[Service]\nExecStart=${run}\n${same()}`);
    const [finding] = await examine(home, "service-environment", { service: "./bot.service" });
    expect(finding).toMatchObject({
      code: "no_credential",
      evidence: expect.stringMatching(
        /it looks for the login in .*logins\/bot\/\.credentials\.json$/,
      ),
      fix: `sign in as ${username}`,
      command: `CLAUDE_CONFIG_DIR='${join(home.home, "logins/bot")}' claude auth login`,
    });
    put(
      home,
      "logins/bot/.credentials.json",
      readFileSync(putLogin(home.configDir), "utf8"),
      0o600,
    );
    expect(await judged(same(), run)).toMatch(/^ok: .*the same store$/);
    expect(await judged(same())).toMatch(
      `it uses ${home.configDir}/.credentials.json, and you look at ${store}, `,
    );
  });

  it.each([
    ["/usr/bin/pilotlight run --login bot -- claude -p x", "bot"],
    ["-/usr/bin/pilotlight run --prove --login=night -- claude -p --login bot", "night"],
    ["pilotlight run --login night -- claude -p --login=bot", "night"],
    ["@pilotlight run --login bot claude -p x", "bot"],
    ["/usr/bin/env A=b pilotlight run --login ${WHICH} -- claude -p x", "night"],
    ["/bin/sh -lc 'cd /srv && exec pilotlight run --login \"$WHICH\" -- claude -p x'", "night"],
    ["/usr/bin/node /opt/pilotlight/bin/pilotlight.mjs run --login bot -- claude", "bot"],
    ["npx -y pilotlight@1.2.3 refresh --login night", "night"],
    ["pilotlight refresh", "bot night"],
    [
      "pilotlight refresh --login bot\nExecStart=/bin/true\nExecStart=pilotlight refresh",
      "bot night",
    ],
    ["pilotlight refresh\nExecStart=\nExecStart=pilotlight run --login bot -- claude", "bot"],
    ["claude -p x", ""],
    ["claude -p pilotlight run --login bot", ""],
    ["/bin/cat /srv/pilotlight/notes", ""],
  ])("of %s are: %s", async (start, expected) => {
    const file = unitFile([`ExecStart=${start}\n`], (text) => text);
    const unit = { path: "", isUserUnit: true, file, env: { WHICH: "night" } };
    const config = await readConfig(home.env);
    const places = unitLogins(unit, config);
    const names = config.logins.filter((login) => places.includes(login)).map(({ name }) => name);
    expect(names.join(" ")).toBe(expected);
    expect(places).toHaveLength(Math.max(1, names.length));
  });

  it.each([
    ["nobody configured", "--login none", 'no login named "none" (known: bot, night)'],
    ["are not told apart", "", "several logins are configured"],
  ])("are refused where they %s, as the service would", async (_what, option, expected) => {
    const told = await judged(same(), `pilotlight run ${option} -- claude -p x`);
    expect(told).toMatch(/^failure: usage: /);
    expect(told).toContain(expected);
  });
});

describe("the files of a unit", () => {
  const folder = ".config/systemd/user";
  const read = async (name: string) =>
    serviceUnit(name, { cwd: join(home.home, "tmp"), uid: 7, config: await readConfig(home.env) });
  const variables = async (name: string) => (await read(name)).env;

  it("are those of the template, unless the instance has its own", async () => {
    put(home, `${folder}/bot@.service`, "Environment=FROM=template WHO=%i\n");
    expect(await variables("bot@one.two")).toEqual({ FROM: "template", WHO: "one.two" });
    expect(await variables(`${home.home}/${folder}/bot@one.service`)).toMatchObject({ WHO: "one" });
    put(home, `${folder}/bot@one.service`, "Environment=FROM=instance WHO=%i\n");
    expect(await variables("bot@one.service")).toEqual({ FROM: "instance", WHO: "one" });
  });

  it("are the drop-ins of instance and template, from every directory of its manager", async () => {
    const other = ".local/share/systemd/user";
    put(home, `${other}/bot@.service`, "Environment=A=unit B=unit C=unit D=unit\n");
    put(home, `${other}/bot@.service.d/10.conf`, "Environment=A=10 B=10 C=10\n");
    put(home, `${folder}/bot@.service.d/20.conf`, "Environment=A=20 B=20\n");
    put(home, `${folder}/bot@one.service.d/30.conf`, "Environment=A=30\n");
    put(home, `${other}/bot@two.service.d/99.conf`, "Environment=D=two\n");
    put(home, `${other}/bot@.service.d/20.md`, "Environment=D=text\n");
    expect(await variables("bot@one")).toEqual({ A: "30", B: "20", C: "10", D: "unit" });
    expect((await read("bot@one")).isUserUnit).toBe(true);
  });

  it("give one drop-in of each name, that of the first directory and of the instance", async () => {
    put(home, `${folder}/bot@.service`, "");
    put(home, `${folder}/bot@.service.d/a.conf`, "Environment=A=template B=1\n");
    put(home, `${folder}/bot@one.service.d/a.conf`, "Environment=A=instance\n");
    put(home, `.local/share/systemd/user/bot@one.service.d/a.conf`, "Environment=A=far\n");
    expect(await variables("bot@one")).toEqual({ A: "instance" });
  });
});

describe("the environment of a unit", () => {
  const variables = async (lines: string) => {
    const path = put(home, ".config/systemd/user/bot.service", lines.replaceAll("HOME", home.home));
    const config = await readConfig(home.env);
    return (await serviceUnit(path, { cwd: home.home, uid: 7, config })).env;
  };

  it.each([
    ["is begun anew by nothing", "Environment=A=1 B=2\nEnvironment=\nEnvironment=B=3", { B: "3" }],
    ["forgets files", "EnvironmentFile=HOME/env\nEnvironmentFile=\nEnvironment=B=3", { B: "3" }],
    ["lets files win", "EnvironmentFile=%h/env\nEnvironment=A=unit B=3", { A: "x y", B: "3" }],
    ["loses what is unset", "UnsetEnvironment=A C\nEnvironment=A=1 B=2", { B: "2" }],
    ["loses it from files, too", "UnsetEnvironment=A\nEnvironmentFile=HOME/env", {}],
    ["loses one value only", "UnsetEnvironment=A=1 B=1\nEnvironment=A=1 B=2", { B: "2" }],
    ["keeps it", "UnsetEnvironment=A\nUnsetEnvironment=\nEnvironment=A=1", { A: "1" }],
    ["takes nothing from the caller", "PassEnvironment=PATH\nEnvironment=A=1", { A: "1" }],
    ["goes on after a backslash", "Environment=A=1\\\n# B=no\\\n; B=no\nB=2", { A: "1", B: "2" }],
    [
      "has quotes",
      `Environment='A=["x","y"]' B="it's" "C=\\"d\\" e" D=f\\ g`,
      {
        A: '["x","y"]',
        B: "it's",
        C: '"d" e',
        D: "f g",
      },
    ],
    ["has specifiers", "Environment=A=%%h B=%p-%Z UID=%U", { A: "%h", B: "bot-%Z", UID: "7" }],
  ])("%s", async (_what, lines, expected) => {
    put(home, "env", "; A=no\n#A=no\nA=x \\\ny\nexport B=no\n");
    expect(await variables(`[Service]\n${lines}\n`)).toEqual(expected);
  });

  it("does not replace specifiers in a file", async () => {
    put(home, "env", "A='%h' B\nC=\"%i\"\n");
    expect(await variables("EnvironmentFile=%h/env\n")).toEqual({ A: "%h B", C: "%i" });
  });

  it("splits before it replaces: a home may hold a space", async () => {
    const file = unitFile(["Environment=A=%h B=2\n"], (text) => text.replace("%h", "/a home"));
    expect(file.words("Environment")).toEqual([["A=/a home", "B=2"]]);
    expect(file.values("Environment")).toEqual(["A=/a home B=2"]);
  });

  it("reaches user and place of a template's instance", async () => {
    const lines = `User=%i\nEnvironment=HOME=${home.home} CLAUDE_CONFIG_DIR=%h/no-such/%i\n`;
    put(home, "bot@.service", `[Service]\nExecStart=claude\n${lines}`);
    expect(await judgedAs("./bot@no-such-user")).toMatch(/does not know the user no-such-user$/);
    expect(await judgedAs(`bot@${username}`)).toContain(`in /root/no-such/${username}/`);
  });
});

describe("a specifier", () => {
  const system = { isUser: false, user: "root", uid: 0, home: "/root" };
  const user = { isUser: true, user: "ann", uid: 7, home: "/h" };
  const nobody = { isUser: true, user: null, uid: null, home: "/h" };

  it.each([
    ["bot@a-b\\x2dc.service", system, "%n %N", "bot@a-b\\x2dc.service bot@a-b\\x2dc"],
    ["my-bot@a-b\\x2dc\\xc3\\xa4.service", system, "%p %i %I", "my-bot a-b\\x2dc\\xc3\\xa4 a/b-cä"],
    ["my-bot@one.service", system, "%j %J %P", "bot bot my/bot"],
    ["my-bot.service", system, "%p|%i|%j", "my-bot||bot"],
    ["a@b@c.service", system, "%p %i", "a b@c"],
    [
      "a.service",
      system,
      "%u %U %h %t %S %C %L %E",
      "root 0 /root /run /var/lib /var/cache /var/log /etc",
    ],
    ["a.service", user, "%u %U %h %t", "ann 7 /h /run/user/7"],
    ["a.service", user, "%S %C %L %E", "/h/.local/state /h/.cache /h/.local/state/log /h/.config"],
    ["a.service", nobody, "%u %U %t %h", "%u %U %t /h"],
    ["a.service", system, "%%h 100%% %Z %", "%h 100% %Z %"],
  ])("in %s, of %o: %s is %s", (name, manager, text, expected) => {
    expect(replaceSpecifiers(text, name, manager)).toBe(expected);
  });
});
