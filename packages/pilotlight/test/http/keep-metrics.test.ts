import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Billing } from "../../src/core/explanation.ts";
import type { KeptLogin } from "../../src/core/kept-login.ts";
import { keepMetrics, type MetricsSource } from "../../src/http/keep-metrics.ts";
import { KEEP_METRICS } from "../../src/http/keep-metrics-table.ts";
import { needs } from "../support/needs.ts";
import { credential, GONE, HOUR, kept, NOW, viewOf } from "./small-keeper.ts";

function metricsOf(known: readonly KeptLogin[], changes: Partial<MetricsSource> = {}) {
  return keepMetrics({
    version: "1.2.3",
    now: () => NOW,
    isTicking: () => true,
    lastTickAt: () => NOW - 1000,
    logins: () => known,
    billing: (): Billing | null => "subscription",
    ...changes,
  });
}

/** Sample lines, without comments. */
async function samples(metrics: ReturnType<typeof metricsOf>): Promise<readonly string[]> {
  const text = await metrics.print();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

const about = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));

describe("a login's metrics", () => {
  it("say how it is, from memory", async () => {
    const doubt = { step: "in_doubt", retried: false, code: "in_doubt" } as const;
    const known = kept("bot", {
      view: viewOf("bot", { journal: doubt }),
      renewedAt: NOW - HOUR,
      trouble: { code: "throttled", detail: "429", since: NOW, failures: 3 },
    });
    const lines = await samples(metricsOf([known]));
    const value = (name: string) => about(lines, `pilotlight_${name}{login="bot"} `);
    expect(value("login_usable")).toEqual(["1"]);
    expect(value("login_in_doubt")).toEqual(["1"]);
    expect(value("login_failures")).toEqual(["3"]);
    expect(value("access_token_expiry_timestamp_seconds")).toEqual([`${(NOW + 8 * HOUR) / 1000}`]);
    expect(value("login_end_timestamp_seconds")).toEqual([`${(NOW + 600 * HOUR) / 1000}`]);
    expect(value("login_last_look_timestamp_seconds")).toEqual([`${NOW / 1000 - 30}`]);
    expect(value("login_last_renewal_timestamp_seconds")).toEqual([`${(NOW - HOUR) / 1000}`]);
    expect(value("login_next_attempt_timestamp_seconds")).toEqual([`${(NOW + 5 * HOUR) / 1000}`]);
    expect(about(lines, 'pilotlight_login_health{login="bot",health=')).toEqual([
      '"ok"} 0',
      '"degraded"} 1',
      '"down"} 0',
      '"starting"} 0',
    ]);
    expect(about(lines, 'pilotlight_login_phase{login="bot",phase=')).toHaveLength(9);
    expect(lines).toContain('pilotlight_login_phase{login="bot",phase="fresh"} 1');
    expect(lines).toContain('pilotlight_login_verdict{login="bot",verdict="unproved"} 1');
    expect(lines).toContain('pilotlight_payer{billing="subscription"} 1');
    expect(lines).toContain('pilotlight_payer{billing="api"} 0');
    expect(lines).toContain(`pilotlight_build_info{version="1.2.3",node="${process.version}"} 1`);
  });

  it("have no sample for what nobody knows", async () => {
    const unknown = { lookedAt: null, nextAttemptAt: null };
    const metrics = metricsOf([kept("new", { ...unknown, view: null }), kept("bot", GONE)], {
      lastTickAt: () => null,
      billing: () => null,
    });
    const lines = await samples(metrics);
    expect(about(lines, "pilotlight_keeper_last_tick")).toEqual([]);
    expect(about(lines, "pilotlight_payer{")).toEqual([]);
    const names = about(lines, "pilotlight_").filter((line) => line.includes('login="new"'));
    expect(names).toEqual([
      ...["ok", "degraded", "down"].map((word) => `login_health{login="new",health="${word}"} 0`),
      'login_health{login="new",health="starting"} 1',
      'login_failures{login="new"} 0',
    ]);
    expect(about(lines, 'pilotlight_access_token_expiry_timestamp_seconds{login="bot"}')).toEqual(
      [],
    );
  });

  it.each([NaN, Infinity, -Infinity, Number.MAX_VALUE, 8.64e15 + 1])(
    "have no sample for the time %s",
    async (time) => {
      const odd = { ...credential(), expiresAt: time, loginEndsAt: time };
      const view = viewOf("bot", { entry: { state: "present", credential: odd } });
      const known = kept("bot", { view, lookedAt: time, renewedAt: time, nextAttemptAt: time });
      const lines = await samples(metricsOf([known], { lastTickAt: () => time }));
      expect(lines.filter((line) => line.includes("timestamp"))).toEqual([]);
      expect(lines.filter((line) => /NaN|Inf/.test(line) && !line.includes("le="))).toEqual([]);
    },
  );

  it("keep one line to a sample, whatever a name or version holds", async () => {
    const name = 'a"b\\c\nd{}=,';
    const lines = await samples(metricsOf([kept(name)], { version: 'x"\n' }));
    const shape = /^pilotlight_[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? [-+0-9.eInf]+$/;
    expect(lines.filter((line) => !shape.test(line))).toEqual([]);
    expect(lines).toContain('pilotlight_login_usable{login="a\\"b\\\\c\\nd{}=,"} 1');
  });

  it("go with the login", async () => {
    const known = [kept("a"), kept("b")];
    const metrics = metricsOf(known);
    expect((await samples(metrics)).join()).toContain('login="b"');
    known.pop();
    expect((await samples(metrics)).join()).not.toContain('login="b"');
  });
});

describe("what is counted", () => {
  it("grows with each attempt, lock, child and change of the payer", async () => {
    const metrics = metricsOf([]);
    const attempt = { login: "bot", driver: "cli", duration: 1500 } as const;
    metrics.refreshAttempted({ ...attempt, code: "refreshed" });
    metrics.refreshAttempted({ ...attempt, code: "refreshed" });
    metrics.refreshAttempted({ ...attempt, code: "throttled" });
    metrics.lockWaited(20);
    metrics.childRan("ok");
    metrics.payerChanged();
    const lines = await samples(metrics);
    const attempts = 'pilotlight_refresh_attempts_total{login="bot",driver="cli",code=';
    expect(about(lines, attempts)).toEqual(['"refreshed"} 2', '"throttled"} 1']);
    expect(lines).toContain('pilotlight_refresh_duration_seconds_sum{driver="cli"} 4.5');
    expect(lines).toContain("pilotlight_lock_wait_seconds_count 1");
    expect(lines).toContain('pilotlight_child_runs_total{verdict="ok"} 1');
    expect(lines).toContain("pilotlight_payer_changes_total 1");
  });

  it("never falls: CPU time is the process's own", async () => {
    const metrics = metricsOf([]);
    const cpu = async () =>
      Number(about(await samples(metrics), "pilotlight_process_cpu_seconds_total ")[0]);
    const first = await cpu();
    for (const until = performance.now() + 60; performance.now() < until;);
    const second = await cpu();
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first);
    expect(second).toBeLessThan(first + 5);
  });

  it("holds nothing over from one keeper to another", async () => {
    metricsOf([]).payerChanged();
    expect(await samples(metricsOf([]))).toContain("pilotlight_payer_changes_total 0");
  });
});

describe("all of it", () => {
  it("is in the table, with type, help and labels as there", async () => {
    const metrics = metricsOf([kept("bot", { renewedAt: NOW })]);
    metrics.refreshAttempted({ login: "bot", driver: "cli", code: "refreshed", duration: 1 });
    metrics.childRan("ok");
    const text = await metrics.print();
    const heads = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)];
    const shown = heads.map(([, name, help, type]) => ({ name, help, type }));
    const table = KEEP_METRICS.map(({ name, help, type }) => ({ name, help, type }));
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      String(a.name).localeCompare(String(b.name));
    expect(shown.toSorted(byName)).toEqual(table.toSorted(byName));
    for (const { name, type, labels } of KEEP_METRICS) {
      const series = type === "histogram" ? `${name}_count` : name;
      const [line = ""] = text.split("\n").filter((one) => one.match(/^\w+/)?.[0] === series);
      const found = [...line.matchAll(/[{,](\w+)=/g)].map(([, label]) => label);
      expect([name, line === "", found]).toEqual([name, false, [...labels]]);
    }
  });

  needs("promtool").it("passes promtool check metrics", async () => {
    const metrics = metricsOf([kept("bot"), kept("new", { view: null })]);
    metrics.refreshAttempted({ login: "bot", driver: "cli", code: "refreshed", duration: 900 });
    metrics.lockWaited(20);
    metrics.childRan("ok");
    const input = await metrics.print();
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
