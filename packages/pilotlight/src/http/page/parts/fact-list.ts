import type { LoginHealth } from "../../../core/health.ts";
import type { LoginStatus } from "../../../core/login-status.ts";
import { parseTime, printWhole } from "../facts/print-time.ts";
import { el, put, say } from "./element.ts";
import { moment, type MomentStyle, setMoment } from "./moment.ts";

export interface FactList {
  readonly element: HTMLElement;
  set(login: LoginHealth, status: LoginStatus | null, now: number): void;
}

/** Everything known of one login. */
export function factList(): FactList {
  const times = {
    "Access token ends": timeFact("countdown", "in "),
    "Login ends": timeFact("countdown", "in "),
    "Next try": timeFact("countdown", "in "),
    "Last renewed": timeFact("age"),
    "Last look": timeFact("age"),
    "Trouble since": timeFact("age"),
    Proof: timeFact("age"),
  };
  const words = {
    Phase: el("dd"),
    Trouble: el("dd"),
    Journal: el("dd"),
    "Renewed by": el("dd"),
    Token: el("dd"),
    Subscription: el("dd"),
    Path: el("dd", { class: "path-name" }),
  };
  const element = el("dl", { class: "known" });
  for (const [name, { dd }] of Object.entries(times))
    element.append(el("div", {}, el("dt", {}, name), dd));
  for (const [name, dd] of Object.entries(words))
    element.append(el("div", {}, el("dt", {}, name), dd));
  return {
    element,
    set(login, status, now) {
      const at: Record<keyof typeof times, string | null> = {
        "Access token ends": login.expiresAt,
        "Login ends": login.loginEndsAt,
        "Next try": login.nextAttemptAt,
        "Last renewed": login.renewedAt,
        "Last look": login.lookedAt,
        "Trouble since": login.trouble?.since ?? null,
        Proof: login.proof.at,
      };
      for (const [name, fact] of Object.entries(times))
        fact.set(parseTime(at[name as keyof typeof at]), now);
      put(times.Proof.dd, "data-proof", login.proof.state);
      say(times.Proof.lead, `${proofOf(login)}${login.proof.at === null ? "" : ", "}`);
      const told = tellings(login, status);
      for (const [name, dd] of Object.entries(words)) {
        const text = told[name as keyof typeof told];
        say(dd, text ?? "");
        if (dd.parentElement !== null) dd.parentElement.hidden = text === null;
      }
    },
  };
}

function timeFact(style: MomentStyle, lead = "") {
  const before = el("span", {}, lead);
  const time = moment(style);
  const whole = el("span", { class: "whole" });
  const dd = el("dd", {}, before, time, whole);
  return {
    dd,
    lead: before,
    set(at: number | null, now: number) {
      if (lead !== "") say(before, at === null || at <= now ? "" : lead);
      setMoment(time, at, now);
      say(whole, at === null ? "" : printWhole(at));
    },
  };
}

function proofOf({ proof }: LoginHealth): string {
  const by = proof.by === null ? "" : ` by ${proof.by}`;
  return proof.state === "unproved"
    ? "unproved: the server was not heard of this token"
    : `${proof.state}${by}`;
}

function tellings(login: LoginHealth, status: LoginStatus | null) {
  const { trouble } = login;
  const failures =
    trouble === null || trouble.failures < 2 ? "" : ` (${trouble.failures} in a row)`;
  return {
    Phase: login.usable ? login.phase : `${login.phase}, not usable`,
    Trouble: trouble === null ? null : `${trouble.code}${failures}: ${trouble.detail}`,
    Journal: login.journal === "clear" ? null : login.journal.replace("_", " "),
    "Renewed by":
      status === null ? null : status.driver === "cli" ? "Claude Code" : "the token endpoint",
    Token: status?.accessToken?.fingerprint ?? null,
    Subscription: status?.subscriptionType ?? null,
    Path: status?.path ?? null,
  };
}
