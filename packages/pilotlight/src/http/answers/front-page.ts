import type { LoginHealth } from "../../core/health.ts";
import type { HealthReport } from "./health.ts";

/** What can be asked, and what each is for. */
const ENDPOINTS = `GET  /                               the status page, in a browser
GET  /logins/:name                   the page of one login
GET  /incidents/:id                  the page of one incident
GET  /livez                          the keeper's loop turns
GET  /readyz                         every login can be used
GET  /healthz                        how each login is (pilotlight.health/v1)
GET  /metrics                        for Prometheus
GET  /api/v1/health                  as /healthz, and always 200
GET  /api/v1/status                  as pilotlight status --json
GET  /api/v1/history                 ?since=7d&limit=50&login=bot
GET  /api/v1/help/:code              as pilotlight help <code> --json
GET  /events                         each change, as server-sent events
GET  /openapi.json                   all of this for machines
POST /api/v1/logins/:name/refresh    renews one login; needs the bearer token
POST /api/v1/logins/:name/renew      a person's sign-in: its link, then its code; needs the token
GET  /api/v1/logins/:name/renew      how that stands; needs the token
GET  /renew/:login/:id               the page for it that an alert links to, where one is set up
`;

/** A page for whoever looks by hand. */
export function frontPage(report: HealthReport): string {
  const drill = report.drill === undefined ? "" : " in a drill, with an invented login";
  const head = `Pilotlight ${report.version}${drill}: ${report.health}\n`;
  return `${head}\n${report.logins.map(lineOf).join("")}\n${ENDPOINTS}`;
}

function lineOf({ name, health, phase, expiresAt, action }: LoginHealth): string {
  const end = expiresAt === null ? "" : `, access token ends ${expiresAt}`;
  const typed = action?.command ? ` ($ ${action.command})` : "";
  const step = action === null ? "" : `. Next: ${action.message.replace(/\s+/g, " ")}${typed}`;
  return `${name}: ${health}, ${phase}${end}${step}\n`;
}
