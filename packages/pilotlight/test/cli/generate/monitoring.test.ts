import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KindName } from "../../../src/cli/generate/kind-list.ts";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { ALERT_RULES } from "../../../src/cli/generate/monitoring/alert-rules.ts";
import { KEEP_METRICS } from "../../../src/http/keep-metrics-table.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";
import { put } from "../doctor/an-examination.ts";
import { anInstallation } from "./an-installation.ts";

const textOf = (what: KindName) =>
  KINDS[what].make(anInstallation(), { isSystem: false, variant: null }).files[0]?.text ?? "";

let home: IsolatedHome;
beforeEach(() => {
  home = isolatedHome();
});
afterEach(() => home.cleanup());

const METRIC_NAMES = KEEP_METRICS.map(({ name }) => name);

/** The metrics that a text asks for; a histogram by its name. */
function metricsIn(text: string): readonly string[] {
  const names = text.match(/\bpilotlight_\w+/g) ?? [];
  return names.map((name) => {
    const base = name.replace(/_(bucket|sum|count)$/, "");
    return KEEP_METRICS.some(({ name, type }) => name === base && type === "histogram")
      ? base
      : name;
  });
}

describe("rules and dashboard", () => {
  it.each(["prometheus", "prometheus-tests", "grafana"] as const)(
    "ask in %s for no metric that does not exist",
    (what) => {
      expect(metricsIn(textOf(what)).length).toBeGreaterThan(8);
      expect(METRIC_NAMES).toEqual(expect.arrayContaining([...metricsIn(textOf(what))]));
    },
  );

  it("show every metric there is", () => {
    expect([...new Set(metricsIn(textOf("grafana")))].toSorted()).toEqual(METRIC_NAMES.toSorted());
  });
});

describe("a dashboard", () => {
  it("has panels side by side, each with queries that can be told apart", () => {
    const { panels } = JSON.parse(textOf("grafana"));
    const places = panels.map(({ gridPos: { x, y } }: { gridPos: { x: number; y: number } }) =>
      [x, y].join(),
    );
    expect(new Set(places).size).toBe(panels.length);
    for (const { targets } of panels) {
      expect(targets.length).toBeGreaterThan(0);
      const ids = targets.map(({ refId }: { refId: string }) => refId);
      expect(new Set(ids).size).toBe(targets.length);
      expect(ids).not.toContain(undefined);
    }
  });
});

describe("an alert", () => {
  it.each(ALERT_RULES)("$alert tells what happened, what it means and what to type", (rule) => {
    expect(rule.alert).toMatch(/^Pilotlight[A-Z]\w+$/);
    for (const text of [rule.summary, rule.description, rule.runbook]) {
      expect(text.length).toBeGreaterThan(10);
    }
  });
});

needs("promtool").describe("promtool", () => {
  const promtool = (...argv: string[]) =>
    spawnSync("promtool", argv, { encoding: "utf8", cwd: home.home, env: home.env });
  /** Only with the cases that say `about`: a run of all takes seconds. */
  const test = (rules: string, about = "") => {
    const [head = "", ...cases] = textOf("prometheus-tests").split(/^(?= {2}- name)/m);
    const chosen = cases.filter((one) => one.includes(about));
    expect(chosen.length).toBeGreaterThan(0);
    put(home, "pilotlight-rules.yml", rules);
    put(home, "tests.yml", head + chosen.join(""));
    return promtool("test", "rules", "tests.yml");
  };

  it("finds nothing wrong with the rules", () => {
    put(home, "pilotlight-rules.yml", textOf("prometheus"));
    const { status, stdout } = promtool("check", "rules", "pilotlight-rules.yml");
    expect(status).toBe(0);
    expect(stdout).toContain(`SUCCESS: ${ALERT_RULES.length} rules found`);
  });

  it("proves them", () => {
    expect(test(textOf("prometheus"))).toMatchObject({ status: 0, stderr: "" });
  });

  const proved = ALERT_RULES.map((rule) => ({ ...rule }));
  it.each(proved)("notices that $alert does not fire", ({ alert }) => {
    const rules = textOf("prometheus").replace(
      new RegExp(`(alert: ${alert}\\n +expr: \\|-\\n +)`),
      "$1vector(0) > 1 and ",
    );
    const { status, stderr } = test(rules, alert);
    expect(status).toBe(1);
    expect(stderr).toContain(alert);
  });

  it.each(proved.filter(({ severity }) => severity !== "none"))(
    "notices that $alert fires always",
    ({ alert }) => {
      const rules = textOf("prometheus").replace(
        new RegExp(`(alert: ${alert}\\n +expr: \\|-\\n +)[^]*?(\\n +for: )\\S+`),
        "$1vector(1)$20m",
      );
      expect(test(rules, "all is well").stderr).toContain(alert);
    },
  );

  it.each([
    ["< 604800", "< 604000", "7 days"],
    [">= 259200", ">= 262000", "3 days"],
    ["< 259200", "< 258000", "3 days"],
    ["< 86400", "< 85000", "within a day"],
    ["> 300", "> 500", "is stuck"],
    ["> 900", "> 1300", "nobody looks"],
    ["< 600", "< 300", "ends unrenewed"],
    ["for: 1h", "for: 2h", "on and on"],
    ["unless on", "and on", "nobody renews"],
    ["auth_rejected", "auth", "not signed in"],
  ])("notices that %s became %s", (limit, wrong, about) => {
    const rules = textOf("prometheus");
    expect(rules).toContain(limit);
    expect(test(rules, about).status).toBe(0);
    expect(test(rules.replace(limit, wrong), about).status).toBe(1);
  });
});
