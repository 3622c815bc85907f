import { printDuration } from "../../core/duration.ts";
import { traitsOf } from "../../core/errors.ts";
import { commandFor } from "../../core/login-command.ts";
import { sentence } from "../../core/sentence.ts";
import type { KeepEvent } from "../../keeper/keep-parts.ts";
import type { LoginConfig } from "../config.ts";
import type { Log, LogLine } from "./keep-log.ts";

/** Says what happens to kept logins. */
export function tellKeeping(log: Log, logins: readonly LoginConfig[]): (event: KeepEvent) => void {
  return (event) => {
    const line = lineOf(event, logins);
    if (line !== null) log(line);
  };
}

function lineOf(event: KeepEvent, logins: readonly LoginConfig[]): LogLine | null {
  switch (event.kind) {
    case "met":
      return { level: "info", login: event.login, message: "is kept from now on" };
    case "renewed":
      return { level: "info", login: event.login, message: renewedText(event) };
    case "failed":
      return failureLine(event, logins);
    case "attempted":
      return null;
    case "recovered":
      return { level: "info", login: event.login, message: `is well again after ${event.after}` };
    case "standby":
      return { level: "info", login: event.login, message: "another keeper has it; standing by" };
    case "took_over":
      return { level: "info", login: event.login, message: "the other keeper is gone; taken over" };
    case "clock_jumped":
      return {
        level: "warn",
        message: `the clock jumped by ${Math.round(event.ms / 1000)} s; looking anew`,
      };
  }
}

function renewedText(event: Extract<KeepEvent, { kind: "renewed" }>): string {
  const { expiresAt, accessToken } = event.credential;
  const end = expiresAt === null ? "end unknown" : `ends ${new Date(expiresAt).toISOString()}`;
  const who = event.by === "keeper" ? "refreshed" : "renewed by somebody else";
  const what = event.isNewLogin && event.by === "others" ? "somebody signed in" : who;
  return `${what}: access token ${accessToken?.fingerprint ?? "none"} ${end}`;
}

function failureLine(
  event: Extract<KeepEvent, { kind: "failed" }>,
  logins: readonly LoginConfig[],
): LogLine {
  const { code, detail, login, pause } = event;
  const { what, fix, command, mover } = traitsOf(code);
  const dir = logins.find(({ name }) => name === login)?.dir ?? null;
  const typed = commandFor(command, { name: login, configDir: dir });
  const next =
    pause === null
      ? "Nothing is tried until that is done"
      : `Next try in ${printDuration(Math.max(1000, pause))}`;
  return {
    level: mover === "person" || mover === "admin" ? "error" : "warn",
    login,
    code,
    message: `${what}: ${detail}. ${sentence(fix)}${typed === null ? "" : ` ($ ${typed})`} ${next}.`,
  };
}
