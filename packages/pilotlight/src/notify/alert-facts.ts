import type { Alert } from "../core/alerts/alert.ts";
import type { Mover } from "../core/errors.ts";
import { isoOf } from "../core/iso-time.ts";
import { plain } from "./plain-text.ts";

/** One line of an alert for people. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

const MOVERS: Readonly<Record<Mover, string>> = {
  person: "a person",
  admin: "an administrator",
  wait: "nobody yet: time may mend it",
  pilotlight: "Pilotlight",
  nobody: "nobody",
};

/** Which login, where, since when, and whose move it is; the command and the link stand apart. */
export function alertFacts({ login, host, code, since, by, loginEndsAt }: Alert): readonly Fact[] {
  return [
    { label: "Login", value: login },
    { label: "Host", value: host },
    { label: "Code", value: code },
    { label: "Since", value: clockOf(since) },
    { label: "Next move", value: MOVERS[by] },
    ...(loginEndsAt === null ? [] : [{ label: "Login ends", value: clockOf(loginEndsAt) }]),
  ];
}

/** A whole alert as text without any markup. */
export function alertText(alert: Alert): string {
  const { message, command, renewUrl } = alert;
  const facts = alertFacts(alert).map(({ label, value }) => `${label}: ${value}`);
  const steps = [
    ...(command === null ? [] : [`$ ${command}`]),
    ...(renewUrl === null ? [] : [`Renew: ${renewUrl}`]),
  ];
  const parts = [message, steps.join("\n"), facts.join("\n")];
  return plain(parts.filter((part) => part !== "").join("\n\n"));
}

/** With what it is about in front, where it is no real one. */
export function alertTitle({ title, isTest }: Alert): string {
  return `${isTest ? "[test] " : ""}Pilotlight: ${title}`;
}

function clockOf(time: number): string {
  return `${(isoOf(time) ?? "?").slice(0, 16).replace("T", " ")} UTC`;
}
