import type { Billing } from "../core/explanation.ts";
import { type Health, healthOf } from "../core/health.ts";
import { isDate } from "../core/iso-time.ts";
import type { KeptLogin } from "../core/kept-login.ts";
import type { Phase } from "../core/phase.ts";
import type { Proof } from "../core/proof.ts";
import type { GaugeKey } from "./keep-metrics-table.ts";

/** A gauge's value; `null` where nobody knows it, and then there is no sample. */
export interface Sample {
  readonly key: GaugeKey;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

/** Every word is shown from the start, so that a rule never asks for a series that has not been there yet. */
const PHASES = Object.keys({
  fresh: 0,
  due: 0,
  expired: 0,
  rejected: 0,
  blanked: 0,
  ended: 0,
  absent: 0,
  unreadable: 0,
  static: 0,
} satisfies Record<Phase, 0>);
const HEALTHS = Object.keys({ ok: 0, degraded: 0, down: 0, starting: 0 } satisfies Record<
  Health,
  0
>);
const VERDICTS = Object.keys({ proved: 0, refuted: 0, unproved: 0 } satisfies Record<
  Proof["state"],
  0
>);
const PAYERS = Object.keys({ subscription: 0, api: 0, cloud: 0, none: 0 } satisfies Record<
  Billing,
  0
>);

/** What one login shows at `now` (epoch ms). Pure. */
export function loginSamples(kept: KeptLogin, now: number): readonly Sample[] {
  const { name, view } = kept;
  const { health, phase, proof, usable, journal } = healthOf(kept, now);
  const credential = view?.entry.state === "present" ? view.entry.credential : null;
  const one = (key: GaugeKey, value: number | null): Sample => ({
    key,
    labels: { login: name },
    value,
  });
  const isSeen = view !== null;
  return [
    ...oneOf("phase", "phase", PHASES, isSeen ? phase : null, name),
    ...oneOf("health", "health", HEALTHS, health, name),
    ...oneOf("verdict", "verdict", VERDICTS, isSeen ? proof.state : null, name),
    one("usable", isSeen ? Number(usable) : null),
    one("expiry", secondsOf(credential?.expiresAt ?? null)),
    one("loginEnd", secondsOf(credential?.loginEndsAt ?? null)),
    one("lastLook", secondsOf(kept.lookedAt)),
    one("lastRenewal", secondsOf(kept.renewedAt)),
    one("nextAttempt", secondsOf(kept.nextAttemptAt)),
    one("failures", kept.trouble?.failures ?? 0),
    one("inDoubt", isSeen ? Number(journal === "in_doubt") : null),
  ];
}

export function payerSamples(billing: Billing | null): readonly Sample[] {
  return oneOf("payer", "billing", PAYERS, billing);
}

/** Epoch seconds of epoch ms; `null` for what is no date. */
export function secondsOf(time: number | null): number | null {
  return isDate(time) ? time / 1000 : null;
}

function oneOf(
  key: GaugeKey,
  label: string,
  words: readonly string[],
  is: string | null,
  login?: string,
): readonly Sample[] {
  const whose = login === undefined ? {} : { login };
  if (is === null) return [];
  return words.map((word) => ({
    key,
    labels: { ...whose, [label]: word },
    value: Number(word === is),
  }));
}
