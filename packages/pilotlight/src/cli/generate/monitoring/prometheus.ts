import type { Kind } from "../generated.ts";
import { ALERT_RULES, type AlertRule } from "./alert-rules.ts";
import { RULE_TESTS } from "./rule-tests.ts";

const RULES_FILE = "pilotlight-rules.yml";

/** Alert rules for Prometheus. */
export const prometheus: Kind = {
  options: [],
  make: () => ({
    files: [{ path: RULES_FILE, text: rulesFile(ALERT_RULES) }],
    notes: [
      `then: promtool check rules ${RULES_FILE}, name it under rule_files, and scrape pilotlight keep`,
      "from another machine: pilotlight keep --listen <address>:7450, and PILOTLIGHT_TOKEN_FILE names the file whose token the scrape sends",
      "the scrape job is taken to be named pilotlight: change that in PilotlightKeeperDown",
    ],
  }),
};

/** What proves these rules. */
export const prometheusTests: Kind = {
  options: [],
  make: () => ({
    files: [{ path: "pilotlight-rules-tests.yml", text: RULE_TESTS }],
    notes: [`beside ${RULES_FILE}: promtool test rules pilotlight-rules-tests.yml`],
  }),
};

function rulesFile(rules: readonly AlertRule[]): string {
  return `\
# Alerts on the metrics of pilotlight keep. Checked with promtool 2.42.
groups:
  - name: pilotlight
    rules:
${rules.map(printRule).join("\n")}`;
}

function printRule(rule: AlertRule): string {
  return `\
      - alert: ${rule.alert}
        expr: |-
${rule.expr.replace(/^/gm, "          ")}
        for: ${rule.for}
        labels:
          severity: ${rule.severity}
        annotations:
          summary: ${JSON.stringify(rule.summary)}
          description: ${JSON.stringify(rule.description)}
          runbook: ${JSON.stringify(rule.runbook)}
`;
}
