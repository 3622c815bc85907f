import { githubActions } from "./ci/github-actions.ts";
import { compose } from "./container/compose.ts";
import { dockerfile } from "./container/dockerfile.ts";
import { kubernetes } from "./container/kubernetes.ts";
import type { Kind } from "./generated.ts";
import type { KindName } from "./kind-list.ts";
import { grafana } from "./monitoring/grafana.ts";
import { prometheus, prometheusTests } from "./monitoring/prometheus.ts";
import { cron } from "./service/cron.ts";
import { launchd } from "./service/launchd.ts";
import { systemd, systemdTimer } from "./service/systemd.ts";
import { taskScheduler } from "./service/task-scheduler.ts";

/** How each kind is made. */
export const KINDS: Readonly<Record<KindName, Kind>> = {
  systemd,
  "systemd-timer": systemdTimer,
  launchd,
  "task-scheduler": taskScheduler,
  cron,
  dockerfile,
  compose,
  kubernetes,
  "github-actions": githubActions,
  prometheus,
  "prometheus-tests": prometheusTests,
  grafana,
};
