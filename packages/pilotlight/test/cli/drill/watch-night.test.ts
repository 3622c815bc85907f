import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Watch, type WatchFlags, watchNight } from "../../../src/cli/drill/watch-night.ts";
import type { Io } from "../../../src/cli/io.ts";
import type { DrillReport } from "../../../src/sandbox/drill/drill.ts";
import type { Side } from "../../../src/sandbox/drill/tally.ts";
import { needs } from "../../support/needs.ts";
import { runHere } from "../run-here.ts";

const onLinux = needs("linux");
const NEVER = new AbortController().signal;

/** Where a command speaks. */
function anIo(isTty: boolean) {
  const said = { out: "", err: "" };
  const io: Io = {
    env: {},
    isTty,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  };
  return { io, said };
}

async function watched(flags: WatchFlags, isTty = false, signal: AbortSignal = NEVER) {
  const { io, said } = anIo(isTty);
  const opening = watchNight(flags, io, signal);
  const closing = opening.then((watch) => {
    onTestFinished(() => watch.close());
    return watch;
  });
  // Whatever is refused is the test's to expect.
  closing.catch(() => undefined);
  await expect.poll(() => said.out + said.err).not.toBe("");
  const url = /http:\/\/\S+/.exec(said.out + said.err)?.[0] ?? "";
  return { said, url, opening: closing };
}

/** Opens a page's stream of events. @returns the reports as they come, and what closes it */
async function aPage(url: string) {
  const leaving = new AbortController();
  const { body, status } = await fetch(`${url}events`, { signal: leaving.signal });
  expect(status).toBe(200);
  let text = "";
  const reading = (async () => {
    for await (const chunk of body ?? []) text += new TextDecoder().decode(chunk as Uint8Array);
  })().catch(() => undefined);
  const leave = async () => {
    leaving.abort();
    await reading;
  };
  onTestFinished(leave);
  return { leave, text: () => text };
}

const SIDE: Side = {
  jobs: 17,
  could: 15,
  succeeded: 15,
  silentFailures: 0,
  grants: 5,
  doubleSpends: 0,
  lostLogins: 0,
  lost: [],
  survived: [],
  failures: [],
  lucky: [],
};
const REPORT: DrillReport = {
  schema: "pilotlight.drill/v1",
  ok: true,
  claude: "stand-in",
  hours: 87,
  durationMs: 1,
  notRehearsed: [],
  builds: [
    {
      build: "2.1.329",
      with: SIDE,
      without: { ...SIDE, succeeded: 9, silentFailures: 8, lostLogins: 2 },
    },
  ],
};

describe("a drill that is watched", () => {
  it("says first where, and serves the real page there", async () => {
    const { said, url, opening } = await watched({});
    expect(said.out).toMatch(/^The night on the status page: http:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect(said.err).toBe("");
    await opening;
    const answer = await fetch(url, { headers: { accept: "text/html" } });
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining('<main id="main"'),
    ]);
    expect(await (await fetch(`${url}api/v1/health`)).json()).toMatchObject({
      schema: "pilotlight.health/v1",
      drill: { state: "waiting" },
    });
    const refresh = await fetch(`${url}api/v1/logins/default/refresh`, { method: "POST" });
    expect(refresh.status).toBe(401);
  });

  it("leaves stdout to the report where that is JSON", async () => {
    const { said, opening } = await watched({ json: true }, true);
    // A program that reads the report opens no page.
    await opening;
    expect(said).toEqual({
      out: "",
      err: expect.stringMatching(/^The night on the status page: \S+\n$/),
    });
  });

  it("waits on a terminal for the first page, and says so", async () => {
    const { said, url, opening } = await watched({}, true);
    expect(said.err).toContain("It begins when somebody opens it, in 30 s at the latest.\n");
    const first = await Promise.race([opening, fetch(`${url}livez`).then(() => "not yet")]);
    expect(first).toBe("not yet");
    await aPage(url);
    await opening;
  });

  it("does not wait any more once it is interrupted", async () => {
    const interruption = new AbortController();
    const { opening } = await watched({}, true, interruption.signal);
    interruption.abort();
    await opening;
  });

  it("shows at the end what came of both nights, and stays while somebody reads", async () => {
    const { url, opening } = await watched({});
    const watch: Watch = await opening;
    const page = await aPage(url);
    let isOver = false;
    const staying = watch.over(REPORT).then(() => (isOver = true));
    await expect.poll(page.text).toContain('"state":"over"');
    expect(page.text()).toContain('"without":{"succeeded":9,"silentFailures":8,"lostLogins":2}');
    expect(isOver).toBe(false);
    await page.leave();
    await staying;
  });

  it("stays for nobody where there is no terminal", async () => {
    const { opening } = await watched({});
    await (await opening).over(REPORT);
  });

  it("stays on a terminal until it is interrupted", async () => {
    const interruption = new AbortController();
    const { said, url, opening } = await watched({}, true, interruption.signal);
    const page = await aPage(url);
    const watch = await opening;
    await page.leave();
    let isOver = false;
    const staying = watch.over(REPORT).then(() => (isOver = true));
    expect(said.err).toContain("The page stays until Ctrl-C, for 10 minutes at most.\n");
    // It does not end because nobody is there.
    expect(await (await fetch(`${url}livez`)).text()).toBe("ok\n");
    expect(isOver).toBe(false);
    interruption.abort();
    await staying;
  });

  it("is closed with its page", async () => {
    const { url, opening } = await watched({});
    await (await opening).close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it.each(["localhost:0", "127.0.0.1:0"])("can listen on %s", async (listen) => {
    const { url } = await watched({ listen });
    expect((await fetch(`${url}livez`)).status).toBe(200);
  });
});

onLinux.describe("where a drill is shown", () => {
  it.each([
    ["0.0.0.0:7460", "a drill is shown on this machine only"],
    ["[::]:7460", "a drill is shown on this machine only"],
    ["192.0.2.1:7460", "a drill is shown on this machine only"],
    ["example.com:7460", "a drill is shown on this machine only"],
    ["off", "is no address such as 127.0.0.1:7460"],
    ["7460", "is no address such as 127.0.0.1:7460"],
    ["127.0.0.1:70000", "is no address such as 127.0.0.1:7460"],
  ])("is not %s", async (listen, why) => {
    const { exit, out, err } = await runHere(["drill", "--watch", "--listen", listen], {});
    expect([exit, out]).toEqual([64, ""]);
    expect(err).toMatch(/^pilotlight: usage: /);
    expect(err).toContain(why);
  });

  it("is no port that somebody else has", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await expect.poll(() => other.listening).toBe(true);
    const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { exit, out, err } = await runHere(["drill", "--watch", "--listen", listen], {});
    expect([exit, out]).toEqual([64, ""]);
    expect(err).toContain(`--listen: another program listens on http://${listen}`);
  });

  it("is said only where it is watched", async () => {
    const { exit, err } = await runHere(["drill", "--listen", "127.0.0.1:0"], {});
    expect(exit).toBe(64);
    expect(err).toContain("--listen says where --watch shows the night");
  });
});
