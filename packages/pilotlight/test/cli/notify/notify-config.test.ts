import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Config, readConfig } from "../../../src/cli/config.ts";
import { openChannels } from "../../../src/cli/notify/open-channels.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

let home: IsolatedHome;
let path: string;

beforeEach(() => {
  home = isolatedHome();
  path = join(home.home, ".config", "pilotlight", "config.toml");
  mkdirSync(dirname(path), { recursive: true });
});
afterEach(() => home.cleanup());

function read(text: string, { mode = 0o600, env = {} } = {}): Promise<Config> {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return readConfig({ ...home.env, ...env });
}
const refusal = (part: string) =>
  expect.objectContaining({ code: "config_invalid", message: expect.stringContaining(part) });

const ALL = `
[notify]
quiet = "22:00-07:00"
timezone = "Europe/Berlin"
grace = "10m"
escalate_after = "2h"
renew_url = "https://keep.example/sign-in"

[notify.hook]
type = "webhook"
url_file = "~/url"
secret = "\${TEST_KEY}"

[notify.chat]
type = "slack"
url = "https://hooks.example/TEST-path"

[notify.mail]
type = "smtp"
host = "mail.example"
from = "keep@example.com"
to = ["ops@example.com"]
password_file = "/run/secrets/mail"
user = "keep"
`;

describe("[notify]", () => {
  it("is read in full, and no secret with it", async () => {
    const { notify } = await read(ALL);
    expect(notify).toMatchObject({
      quiet: { start: 1320, end: 420, timeZone: "Europe/Berlin" },
      grace: 600_000,
      escalateAfter: 7_200_000,
      renewUrl: "https://keep.example/sign-in",
    });
    expect(notify.channels.map(({ name, type }) => [name, type])).toEqual([
      ["hook", "webhook"],
      ["chat", "slack"],
      ["mail", "smtp"],
    ]);
    expect(notify.channels[0]?.values).toEqual({
      url: { from: "file", path: join(home.home, "url") },
      secret: { from: "environment", name: "TEST_KEY" },
    });
    expect(JSON.stringify(notify)).not.toContain("TEST-path");
  });

  it("has its defaults where it is empty, and where it is not there", async () => {
    const empty = (await read("[notify]")).notify;
    expect(empty).toMatchObject({
      quiet: null,
      grace: 900_000,
      escalateAfter: 14_400_000,
      channels: [],
    });
    expect((await read("")).notify).toEqual(empty);
    expect((await read('[notify]\nescalate_after = "never"')).notify.escalateAfter).toBeNull();
  });

  it.each([
    ["an unknown setting", '[notify]\nquite = "22:00-07:00"', ":2: notify.quite is none of quiet"],
    ["hours that are none", '[notify]\nquiet = "22-7"', ":2: notify.quiet must be"],
    [
      "a time zone that is none",
      '[notify]\ntimezone = "Mars/Olympus"',
      ":2: notify.timezone must be",
    ],
    ["a time without a unit", '[notify]\ngrace = "15"', ":2: notify.grace must be"],
    [
      "reminders without a pause",
      '[notify]\nescalate_after = "59s"',
      ":2: notify.escalate_after must be",
    ],
    [
      "a link that is none",
      '[notify]\nrenew_url = "javascript:alert(1)"',
      ":2: notify.renew_url must be",
    ],
    [
      "a channel of no kind",
      '[notify.x]\ntype = "pigeon"',
      ":2: notify.x.type must be one of webhook, command",
    ],
    ["a kind by another name", '[notify.x]\ntype = "toString"', ":2: notify.x.type must be"],
    ["a name that breaks lines", '[notify."x y"]\ntype = "slack"', "notify.x y must be a name"],
    [
      "a key of another kind",
      '[notify.x]\ntype = "slack"\nurl = "${X}"\nsecret = "s"',
      ":4: notify.x.secret is none of",
    ],
    [
      "a channel without what it needs",
      '[notify.x]\ntype = "webhook"\nurl = "${X}"',
      ":1: notify.x needs secret, or secret_file",
    ],
    [
      "an address with a line break",
      '[notify.x]\ntype = "smtp"\nhost = "h"\nfrom = "a@b\\nBcc: c@d"\nto = "a@b.c"',
      ":4: notify.x.from must be",
    ],
    [
      "a port that is none",
      '[notify.x]\ntype = "smtp"\nhost = "h"\nfrom = "a@b.c"\nto = "a@b.c"\nport = 70000',
      ":6: notify.x.port must be",
    ],
    [
      "TLS by another name",
      '[notify.x]\ntype = "smtp"\nhost = "h"\nfrom = "a@b.c"\nto = "a@b.c"\nsecurity = "ssl"',
      ':6: notify.x.security must be "starttls"',
    ],
  ])("refuses %s with file and line", async (_, text, part) => {
    await expect(read(text)).rejects.toThrowError(refusal(part));
  });

  it.each([0o640, 0o604, 0o644])(
    "refuses a secret in a file of mode %o, and does not show it",
    async (mode) => {
      const text = '[notify.x]\ntype = "slack"\nurl = "https://hooks.example/TEST-path"';
      const error = await read(text, { mode }).catch((thrown: unknown) => thrown);
      expect(error).toEqual(refusal(":3: notify.x.url is a secret, and others may read this file"));
      expect(String(error)).not.toContain("TEST-path");
      const ping = '[keep]\nping = "https://hc.example/TEST-path"';
      await expect(read(ping, { mode })).rejects.toThrowError(refusal(":2: keep.ping is a secret"));
      expect(
        (await read("", { mode, env: { PILOTLIGHT_PING: "https://hc.example/x" } })).keep.ping,
      ).not.toBeNull();
      expect(
        (await read('[notify.x]\ntype = "slack"\nurl = "${X}"', { mode })).notify.channels,
      ).toHaveLength(1);
    },
  );

  it("differs from another one, also where only a secret does", async () => {
    const text = (path: string) =>
      `[notify.x]\ntype = "slack"\nurl = "https://hooks.example/${path}"`;
    const [first, second] = [await read(text("a")), await read(text("b"))];
    expect(first.notify).toEqual(expect.objectContaining({ channels: expect.anything() }));
    expect(first.digest).not.toBe(second.digest);
  });
});

describe("opening the channels", () => {
  const open = async (text: string, env = {}) => openChannels(await read(text, { env }));
  const slack = (rest: string) => `[notify.x]\ntype = "slack"\n${rest}`;

  it.each([
    [
      "a variable that is not set",
      slack('url = "${TEST_URL}"'),
      {},
      "notify.x: url: TEST_URL is not set",
    ],
    [
      "a file that is not there",
      slack('url_file = "/nowhere"'),
      {},
      "notify.x: /nowhere: the url file cannot be read",
    ],
    ["what is no URL", slack('url = "TEST"'), {}, "notify.x: url is no http or https URL"],
    ["plain http to elsewhere", slack('url = "http://example.com/TEST"'), {}, "allow_http = true"],
    [
      "another scheme",
      slack('url = "file:///etc/passwd"\nallow_http = true'),
      {},
      "no http or https URL",
    ],
  ])("refuses %s", async (_, text, env, part) => {
    await expect(open(text, env)).rejects.toThrowError(refusal(part));
  });

  it.each([
    ["https", 'url = "https://example.com/TEST"', {}],
    ["this machine", 'url = "http://127.0.0.1:1/TEST"', {}],
    ["plain http where that is allowed", 'url = "http://example.com/TEST"\nallow_http = true', {}],
    ["the environment", 'url = "${TEST_URL}"', { TEST_URL: "https://example.com/TEST" }],
  ])("takes %s", async (_, rest, env) => {
    expect(await open(slack(rest), env)).toMatchObject([{ name: "x", type: "slack" }]);
  });
});
