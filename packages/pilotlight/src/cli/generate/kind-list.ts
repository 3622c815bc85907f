/** Everything that `generate` makes, for help; how it is made loads only when it is asked for. */
export const KIND_SUMMARIES = {
  systemd: "a unit for pilotlight keep: your own manager's, or the system's with --system",
  "systemd-timer": "a unit and a timer that renew what is due every quarter of an hour",
  launchd: "the same keeper for macOS (not run here)",
  "task-scheduler": "a task of Windows that does the same as the timer (not run here)",
  cron: "lines for a crontab: renew, check, and a job",
  dockerfile: "an image with Claude Code and Pilotlight",
  compose: "services and their login; --variant sidecar (default), in-process or single-file",
  kubernetes: "a deployment with its volume and probes",
  "github-actions": "a workflow on a setup-token that tells its age",
  prometheus: "alert rules on the metrics of pilotlight keep",
  "prometheus-tests": "what promtool proves of these rules",
  grafana: "a dashboard of the same metrics (not run here)",
} as const;

export type KindName = keyof typeof KIND_SUMMARIES;

/** The list, as help prints it. */
export function kindsHelp(): string {
  const width = Math.max(...Object.keys(KIND_SUMMARIES).map((name) => name.length));
  const lines = Object.entries(KIND_SUMMARIES).map(
    ([name, summary]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return `\nKinds:\n${lines.join("\n")}\n`;
}
