import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Config, readConfig } from "../../src/cli/config.ts";
import { SETTINGS } from "../../src/cli/settings-table.ts";
import { type IsolatedHome, isolatedHome } from "../support/isolated.ts";
import { runHere } from "./run-here.ts";

let home: IsolatedHome;
let path: string;

beforeEach(() => {
  home = isolatedHome();
  path = join(home.home, ".config", "pilotlight", "config.toml");
  mkdirSync(dirname(path), { recursive: true });
});
afterEach(() => home.cleanup());

const read = (
  text: string | null,
  env: Record<string, string | undefined> = {},
): Promise<Config> => {
  if (text !== null) writeFileSync(path, text);
  return readConfig({ ...home.env, ...env });
};
const refusal = (part: string) =>
  expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(part) });

describe("without a config file", () => {
  it("everything has its default", async () => {
    expect(await read(null)).toMatchObject({
      home: home.home,
      stateDir: join(home.stateDir, "pilotlight"),
      claude: "claude",
      driver: "cli",
      lockWait: 180_000,
      onShadow: "warn",
      keep: { listen: { host: "127.0.0.1", port: 7450 }, tokenFile: null, hosts: [], log: "text" },
      hooks: { refreshed: null, renewed: null, failed: null },
      tokenUrl: "https://platform.claude.com/v1/oauth/token",
      logins: [{ name: "default", dir: null, credentialsFile: null, write: "auto", envFile: null }],
    });
  });

  it.each([
    ["PILOTLIGHT_STATE_DIR", { PILOTLIGHT_STATE_DIR: "/s" }, "/s"],
    ["XDG_STATE_HOME", { XDG_STATE_HOME: "/x" }, "/x/pilotlight"],
    ["neither", { XDG_STATE_HOME: undefined }, "~/.local/state/pilotlight"],
    ["empty ones", { PILOTLIGHT_STATE_DIR: "", XDG_STATE_HOME: "" }, "~/.local/state/pilotlight"],
    ["a relative XDG_STATE_HOME", { XDG_STATE_HOME: "x" }, "~/.local/state/pilotlight"],
  ])("the state directory comes from %s", async (_name, env, expected) => {
    expect((await read(null, env)).stateDir).toBe(expected.replace("~", home.home));
  });

  it.each([
    [{ CLAUDE_CREDENTIALS_PATH: "/run/claude.json" }, "/run/claude.json"],
    [{ CLAUDE_CREDENTIALS_PATH: "~/claude.json" }, "~/claude.json"],
    [{ PILOTLIGHT_CREDENTIALS_FILE: "/p", CLAUDE_CREDENTIALS_PATH: "/c" }, "/p"],
    [{ PILOTLIGHT_CREDENTIALS_FILE: "", CLAUDE_CREDENTIALS_PATH: "/c" }, "/c"],
    [{ CLAUDE_CREDENTIALS_PATH: "" }, null],
  ])("the credential file comes from %j", async (env, expected) => {
    const { logins } = await read(null, env);
    expect(logins[0]?.credentialsFile).toBe(expected?.replace("~", home.home) ?? null);
  });

  it("the client id is the one that Claude Code was given", async () => {
    const given = await read(null, { CLAUDE_CODE_OAUTH_CLIENT_ID: "TEST-client" });
    expect(given.clientId).toBe("TEST-client");
    const usual = (await read(null)).clientId;
    expect((await read(null, { CLAUDE_CODE_OAUTH_CLIENT_ID: "" })).clientId).toBe(usual);
  });
});

const EVERYTHING = `
claude = "/opt/claude"
driver = "endpoint"
accept_unsupported = true
write = "rename"
lock_wait = "5s"
on_shadow = "refuse"
on_refreshed = "echo refreshed"
on_renewed = ["docker", "restart", "context"]
on_failed = "logger failed"

[keep]
listen = "[::1]:8080"
token_file = "~/token"
passphrase_file = "~/passphrase"
public_url = "https://keep.example:8443"
hosts = ["keep.example", "keep.example:8443"]
log = "json"
ping = "https://hc.example/TEST"
ping_file = "~/ping"
ping_every = "1m"

[refresh]
claude = "/opt/newer-claude"

[endpoint]
token_url = "https://gateway.example/token"
client_id = "TEST-client"

[logins.bot]
dir = "~/bot"

[logins.service]
credentials_file = "/run/secrets/claude.json"
write = "in-place"
`;

describe("a config file", () => {
  it("may say everything", async () => {
    expect(await read(EVERYTHING)).toMatchObject({
      claude: "/opt/newer-claude",
      driver: "endpoint",
      lockWait: 5_000,
      onShadow: "refuse",
      tokenUrl: "https://gateway.example/token",
      clientId: "TEST-client",
      hooks: {
        refreshed: "echo refreshed",
        renewed: ["docker", "restart", "context"],
        failed: "logger failed",
      },
      keep: {
        listen: { host: "::1", port: 8080 },
        tokenFile: join(home.home, "token"),
        passphraseFile: join(home.home, "passphrase"),
        publicUrl: "https://keep.example:8443",
        hosts: ["keep.example", "keep.example:8443"],
        log: "json",
      },
      logins: [
        { name: "bot", dir: join(home.home, "bot"), credentialsFile: null, write: "rename" },
        {
          name: "service",
          dir: null,
          credentialsFile: "/run/secrets/claude.json",
          write: "in-place",
        },
      ],
    });
  });

  it("may have a login in an env file", async () => {
    expect((await read('[logins.ci]\nenv_file = "~/ci.env"')).logins).toEqual([
      {
        name: "ci",
        dir: null,
        credentialsFile: null,
        write: "auto",
        envFile: join(home.home, "ci.env"),
      },
    ]);
  });

  it("names every setting that there is", () => {
    for (const { key } of Object.values(SETTINGS)) {
      expect(EVERYTHING).toMatch(new RegExp(`^${key.split(".").at(-1)} =`, "m"));
    }
  });

  it("may say that the daemon listens nowhere, as may the environment", async () => {
    expect((await read('[keep]\nlisten = "off"')).keep.listen).toBeNull();
    const env = { PILOTLIGHT_LISTEN: "localhost:0", PILOTLIGHT_HOSTS: "a.example, b.example" };
    expect((await read('[keep]\nlisten = "off"', env)).keep).toMatchObject({
      listen: { host: "localhost", port: 0 },
      hosts: ["a.example", "b.example"],
    });
  });

  it("may lie elsewhere, and then has to be there", async () => {
    const other = join(home.home, "other.toml");
    await expect(read(null, { PILOTLIGHT_CONFIG: other })).rejects.toThrowError(refusal(other));
    writeFileSync(other, 'lock_wait = "1s"');
    expect((await read(null, { PILOTLIGHT_CONFIG: other })).lockWait).toBe(1_000);
    expect((await read('lock_wait = "2s"', { PILOTLIGHT_CONFIG: "" })).lockWait).toBe(2_000);
  });

  it.each([
    ["empty", ""],
    ["of comments", "# nothing\n"],
    ["with a byte order mark", '\uFEFFlock_wait = "180s"\r\n'],
  ])("may be %s", async (_name, text) => {
    expect((await read(text)).lockWait).toBe(180_000);
  });

  it.each([
    ["an unknown key", '\nlock_wait = "1s"\nlok_wait = "2s"', ":3: lok_wait is no setting"],
    ["an unknown key in a table", '[refresh]\n# x\nclade = "x"', ":3: refresh.clade is no setting"],
    ["an unknown key in an inline table", '\nrefresh = { clade = "x" }', ":2: refresh.clade"],
    ["an unknown dotted key", 'refresh.clade = "x"', ":1: refresh.clade"],
    ["an unknown table", "\n[nonsense]\nx = 1", ":2: nonsense is no setting"],
    ["a table that is none", '\nrefresh = "x"', ":2: refresh must be a table"],
    ["a number for a time", "lock_wait = 180", ':1: lock_wait must be a time such as "180s"'],
    ["a text that is no time", 'lock_wait = "soon"', ":1: lock_wait must be"],
    ["a number for a program", "claude = 7", ":1: claude must be"],
    ["an empty program", 'claude = ""', ":1: claude must be"],
    ["an unknown driver", 'driver = "browser"', ':1: driver must be "cli" or "endpoint"'],
    ["an unknown write mode", '\n\nwrite = "copy"', ":3: write must be"],
    ["a text for a flag", 'accept_unsupported = "yes"', ":1: accept_unsupported must be"],
    [
      "an unsafe URL",
      '[endpoint]\ntoken_url = "http://example.com/"',
      ":2: endpoint.token_url must",
    ],
    ["an address without a port", '[keep]\nlisten = "127.0.0.1"', ":2: keep.listen must be"],
    ["a port that is none", '[keep]\nlisten = "127.0.0.1:70000"', ":2: keep.listen must be"],
    ["a number for names", "[keep]\nhosts = [7]", ":2: keep.hosts must be"],
    [
      "a page without TLS",
      '[keep]\npublic_url = "http://keep.example"',
      ":2: keep.public_url must",
    ],
    ["a page below", '[keep]\npublic_url = "https://keep.example/x"', ":2: keep.public_url must"],
    ["a page that is no URL", '[keep]\npublic_url = "keep.example"', ":2: keep.public_url must"],
    ["an unknown log", '[keep]\nlog = "xml"', ":2: keep.log must be"],
    ["an empty hook", "on_failed = []", ":1: on_failed must be"],
    ["a hook with a number in it", 'on_failed = ["x", 7]', ":1: on_failed must be"],
    [
      "an env file beside a directory",
      '[logins.bot]\nenv_file = "/e"\ndir = "/d"',
      ":3: logins.bot.dir does not go with env_file",
    ],
    ["a login's unknown key", '[logins.bot]\ndri = "x"', ":2: logins.bot.dri is none of dir"],
    ["a login's wrong type", "[logins.bot]\n\ndir = 7", ":3: logins.bot.dir must be a path"],
    ["a login's unknown mode", '[logins.bot]\nwrite = "x"', ":2: logins.bot.write must be"],
    ["a login that is no table", '[logins]\nbot = "x"', ":2: logins.bot must be a table"],
    ["no logins at all", "[logins]", ":1: logins must hold a table"],
    ["logins that are no table", "logins = []", ":1: logins must hold a table"],
    ["a name that leads elsewhere", '[logins."../x"]', "logins.../x must be a name"],
    ["a name where another's lock lies", '[logins."bot.lock"]', "logins.bot.lock must be a name"],
    ["no TOML", 'lock_wait = "1s"\n\nclaude = [', ":3: "],
    ["a key twice", 'claude = "a"\nclaude = "b"', ":2: "],
  ])("refuses %s with file and line", async (_name, text, part) => {
    await expect(read(text)).rejects.toThrowError(
      refusal(`${path}${part.startsWith(":") ? part : ""}`),
    );
    await expect(read(text)).rejects.toThrowError(refusal(part));
    const { exit, err } = await runHere(["status"], home.env);
    expect(exit).toBe(78);
    expect(err).toMatch(/^pilotlight: config_invalid: [^\n]+\n$/);
  });

  it("refuses the endpoint driver until somebody has accepted what it is", async () => {
    await expect(read('driver = "endpoint"')).rejects.toThrowError(refusal("accept_unsupported"));
    await expect(read('driver = "endpoint"\naccept_unsupported = false')).rejects.toThrowError(
      refusal("accept_unsupported"),
    );
  });

  it("cannot be a directory", async () => {
    mkdirSync(path);
    await expect(read(null)).rejects.toThrowError(refusal(path));
  });
});

describe("the environment", () => {
  const ROWS = [
    ["PILOTLIGHT_CLAUDE", "/env/claude", { claude: "/env/claude" }],
    ["PILOTLIGHT_REFRESH_CLAUDE", "/env/newer", { claude: "/env/newer" }],
    ["PILOTLIGHT_DRIVER", "cli", { driver: "cli" }],
    ["PILOTLIGHT_ACCEPT_UNSUPPORTED", "1", { driver: "endpoint" }],
    ["PILOTLIGHT_WRITE", "in-place", { logins: [{ write: "in-place" }] }],
    ["PILOTLIGHT_LOCK_WAIT", "9s", { lockWait: 9_000 }],
    ["PILOTLIGHT_ON_SHADOW", "refuse", { onShadow: "refuse" }],
    ["PILOTLIGHT_ON_REFRESHED", "echo", { hooks: { refreshed: "echo" } }],
    ["PILOTLIGHT_ON_RENEWED", "echo", { hooks: { renewed: "echo" } }],
    ["PILOTLIGHT_ON_FAILED", "echo", { hooks: { failed: "echo" } }],
    ["PILOTLIGHT_LISTEN", "off", { keep: { listen: null } }],
    ["PILOTLIGHT_TOKEN_FILE", "/env/token", { keep: { tokenFile: "/env/token" } }],
    ["PILOTLIGHT_PASSPHRASE_FILE", "/env/phrase", { keep: { passphraseFile: "/env/phrase" } }],
    [
      "PILOTLIGHT_PUBLIC_URL",
      "https://env.example/",
      { keep: { publicUrl: "https://env.example" } },
    ],
    ["PILOTLIGHT_HOSTS", "env.example", { keep: { hosts: ["env.example"] } }],
    ["PILOTLIGHT_LOG", "json", { keep: { log: "json" } }],
    ["PILOTLIGHT_PING", "https://hc.example/", { keep: { ping: { from: "config" } } }],
    ["PILOTLIGHT_PING_FILE", "/env/ping", { keep: { ping: { from: "file", path: "/env/ping" } } }],
    ["PILOTLIGHT_PING_EVERY", "7s", { keep: { pingEvery: 7_000 } }],
    ["PILOTLIGHT_TOKEN_URL", "http://127.0.0.1:1/", { tokenUrl: "http://127.0.0.1:1/" }],
    ["PILOTLIGHT_CLIENT_ID", "TEST-env", { clientId: "TEST-env" }],
  ] as const;
  const FILE = `
    claude = "/file/claude"
    driver = "endpoint"
    accept_unsupported = true
    write = "rename"
    lock_wait = "1s"
    on_shadow = "warn"
    endpoint.token_url = "https://file.example/"
    endpoint.client_id = "TEST-file"
  `;

  it.each(ROWS)("%s wins over the file", async (name, value, expected) => {
    expect(await read(FILE, { [name]: value })).toMatchObject(expected);
  });

  it("has a variable for every setting", () => {
    const variables = Object.values(SETTINGS).map(({ variable }) => variable);
    expect(ROWS.map(([name]) => name).toSorted()).toEqual(variables.toSorted());
  });

  it.each([
    ["PILOTLIGHT_DRIVER", "browser"],
    ["PILOTLIGHT_ACCEPT_UNSUPPORTED", "maybe"],
    ["PILOTLIGHT_WRITE", "copy"],
    ["PILOTLIGHT_LOCK_WAIT", "180"],
    ["PILOTLIGHT_TOKEN_URL", "http://example.com/"],
  ])("%s=%s is refused by its name", async (name, value) => {
    await expect(read(null, { [name]: value })).rejects.toThrowError(refusal(`${name} must be`));
  });

  it("counts an empty variable as unset", async () => {
    expect(await read(FILE, { PILOTLIGHT_LOCK_WAIT: "", PILOTLIGHT_CLAUDE: "" })).toMatchObject({
      lockWait: 1_000,
      claude: "/file/claude",
    });
  });
});
