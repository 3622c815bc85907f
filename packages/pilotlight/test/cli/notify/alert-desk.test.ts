import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AlertDesk, alertDesk } from "../../../src/cli/notify/alert-desk.ts";
import type { LogLine } from "../../../src/cli/keep/keep-log.ts";
import { systemClock } from "../../../src/cli/system-clock.ts";
import type { Alert } from "../../../src/core/alerts/alert.ts";
import type { KeptLogin } from "../../../src/core/kept-login.ts";
import type { Delivery } from "../../../src/notify/channel.ts";
import { durableFiles } from "../../../src/stores/durable-files.ts";
import { fileAlertRecords } from "../../../src/stores/file-alert-records.ts";
import { policy } from "../../core/alerts/alert-fixture.ts";
import { credential, kept, viewOf } from "../../http/small-keeper.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

const HOUR = 3_600_000;
let home: IsolatedHome;
let state: string;
beforeEach(() => {
  home = isolatedHome();
  state = join(home.stateDir, "pilotlight");
});
afterEach(() => home.cleanup());

function alive(): KeptLogin {
  const expiresAt = Date.now() + 6 * HOUR;
  const end = Date.now() + 600 * HOUR;
  const entry = {
    state: "present",
    credential: { ...credential(), expiresAt, loginEndsAt: end },
  } as const;
  return kept("bot", { view: viewOf("bot", { entry }) });
}
const gone = (): KeptLogin => kept("bot", { view: viewOf("bot", { entry: { state: "absent" } }) });

interface Scene {
  known: KeptLogin[];
  answer: Delivery;
  readonly desk: AlertDesk;
  readonly sent: Alert[];
  readonly said: LogLine[];
}

function open(known: KeptLogin, answer: Delivery = { kind: "delivered" }): Scene {
  const sent: Alert[] = [];
  const said: LogLine[] = [];
  const scene = { known: [known], answer, sent, said };
  const desk = alertDesk({
    renewLink: null,
    channels: [
      {
        name: "chat",
        type: "slack",
        async send(one) {
          sent.push(one);
          return scene.answer;
        },
      },
    ],
    policy: policy({ grace: 0 }),
    records: fileAlertRecords(state, durableFiles()),
    clock: systemClock,
    random: () => 0,
    log: (line) => void said.push(line),
    count: () => undefined,
    logins: () => scene.known,
    billing: () => "subscription",
  });
  return Object.assign(scene, { desk });
}

const FAILS: Delivery = {
  kind: "failed",
  why: "chat.example answered 503",
  retryAfter: null,
  isRefused: false,
};

describe("the desk for alerts", () => {
  it("tells once, also over a restart, and that it is over", async () => {
    const first = open(gone());
    await first.desk.look();
    await first.desk.look();
    await first.desk.stop();
    expect(first.sent.map(({ kind, code }) => [kind, code])).toEqual([
      ["trouble", "no_credential"],
    ]);
    const second = open(gone());
    await second.desk.look();
    second.known = [alive()];
    await second.desk.look();
    await second.desk.stop();
    expect(second.sent.map(({ kind }) => kind)).toEqual(["recovered"]);
  });

  it("delivers after a restart what it could not before", async () => {
    const first = open(gone(), FAILS);
    await first.desk.look();
    await first.desk.tried(1_000);
    expect(first.desk.health()).toMatchObject([{ failing: true, waiting: 1 }]);
    await first.desk.stop();
    expect(first.said.filter(({ message }) => message.includes("notify.chat fails"))).toHaveLength(
      1,
    );
    const second = open(gone());
    await second.desk.look();
    await second.desk.tried(1_000);
    expect(second.sent.map(({ kind }) => kind)).toEqual(["trouble"]);
    await second.desk.stop();
    const third = open(gone());
    await third.desk.look();
    await third.desk.stop();
    expect(third.sent).toEqual([]);
  });

  it("leaves a login to the keeper that has it, and goes by what that one told", async () => {
    const other = open(gone());
    const standby = open({ ...gone(), activity: "standby" });
    await standby.desk.look();
    expect(standby.sent).toEqual([]);
    await other.desk.look();
    await other.desk.stop();
    standby.known = [gone()];
    await standby.desk.look();
    await standby.desk.stop();
    expect([other.sent.length, standby.sent.length]).toEqual([1, 0]);
  });

  it("tells all the same where nothing can be remembered, and says so once", async () => {
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "alerts"), "in the way");
    chmodSync(join(state, "alerts"), 0o600);
    const { desk, said, sent } = open(gone());
    await desk.look();
    await desk.look();
    await desk.stop();
    expect(sent).toHaveLength(1);
    const warnings = said.filter(({ level }) => level !== "info");
    expect(warnings).toMatchObject([{ message: expect.stringContaining("cannot be remembered") }]);
  });

  it.each([
    ["nonsense", "{{{", ["trouble"]],
    [
      "other shapes",
      '{"schema": 1, "memory": {"problem": 7}, "undelivered": [{"channel": "chat"}]}',
      ["trouble"],
    ],
    ["that of a later Pilotlight", '{"schema": 99}', []],
  ])("with a memory of %s", async (_, text, expected) => {
    mkdirSync(join(state, "alerts"), { recursive: true });
    writeFileSync(join(state, "alerts", "bot.json"), text, { mode: 0o600 });
    const { desk, sent, said } = open(gone());
    await desk.look();
    await desk.look();
    await desk.tried(1_000);
    await desk.stop();
    expect(sent.map(({ kind }) => kind)).toEqual(expected);
    const errors = said.filter(({ level }) => level === "error");
    expect(errors).toHaveLength(expected.length === 0 ? 1 : 0);
  });
});
