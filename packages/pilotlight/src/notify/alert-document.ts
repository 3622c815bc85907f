import type { Alert } from "../core/alerts/alert.ts";
import { isoOf } from "../core/iso-time.ts";

/** `pilotlight.alert/v1`: what webhooks and commands are told. */
export function alertDocument(alert: Alert, version: string) {
  const { kind, severity, login, host, health, code, after, title, message } = alert;
  return {
    schema: "pilotlight.alert/v1",
    id: idOf(alert),
    test: alert.isTest,
    version,
    at: isoOf(alert.at),
    host,
    login,
    kind,
    severity,
    health,
    code,
    after,
    title,
    message,
    since: isoOf(alert.since),
    by: alert.by,
    command: alert.command,
    renewUrl: alert.renewUrl,
    loginEndsAt: isoOf(alert.loginEndsAt),
    secondsBeforeEnd: alert.step === null ? null : alert.step / 1000,
  };
}

/** The same for every delivery of one alert. */
export function idOf({ login, topic, kind, at, isTest }: Alert): string {
  return `${isTest ? "test:" : ""}${login}:${topic}:${kind}:${at}`;
}
