import type { LoginHealth } from "../health.ts";
import type { CommandPlace } from "../login-command.ts";
import type { AlertPolicy, TopicDecision } from "./alert.ts";
import type { LoginEndMemory } from "./alert-memory.ts";
import { heldUntil } from "./may-wait.ts";
import { ladderText, renewalText, wordAlert } from "./word-alert.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How long (ms) before a login's end it is told; 0 is the end itself. */
const LADDER: readonly number[] = [7 * DAY, 3 * DAY, DAY, 6 * HOUR, HOUR, 0];

/** Dates that differ by less are one and the same end: a server may work it out anew with each refresh. */
const SAME_END = HOUR;

type Decision = TopicDecision<LoginEndMemory | null>;

interface Known {
  readonly health: LoginHealth;
  readonly place: CommandPlace;
  /** People know already that somebody has to sign in. */
  readonly isSignInTold: boolean;
  /** People were told of trouble that is not over yet. */
  readonly isInTrouble: boolean;
}

/** Decides which step of the ladder before the login's end is to be told. Pure. */
export function decideLoginEnd(
  memory: LoginEndMemory | null,
  known: Known,
  policy: AlertPolicy,
  now: number,
): Decision {
  const { loginEndsAt } = known.health;
  if (loginEndsAt === null) return { alert: null, memory, nextAt: null };
  const endsAt = Date.parse(loginEndsAt);
  if (memory !== null && Math.abs(endsAt - memory.endsAt) < SAME_END) {
    return decideStep(memory, known, policy, now);
  }
  const isRenewal = memory !== null && memory.told !== null && endsAt - now > (LADDER[0] ?? 0);
  if (!isRenewal) return decideStep({ endsAt, told: null }, known, policy, now);
  return decideRenewal(memory, endsAt, known, { policy, now });
}

function decideStep(
  memory: LoginEndMemory,
  { health, place, isSignInTold }: Known,
  policy: AlertPolicy,
  now: number,
): Decision {
  const { endsAt, told } = memory;
  const left = endsAt - now;
  const step = LADDER.findLast((each) => left <= each);
  if (step === undefined || (told !== null && told <= step)) {
    const next = LADDER.find((each) => each < left);
    return { alert: null, memory, nextAt: next === undefined ? null : endsAt - next };
  }
  const done = { endsAt, told: step };
  const nextAt = step === 0 ? null : endsAt - (LADDER.find((each) => each < step) ?? 0);
  if (isSignInTold) return { alert: null, memory: done, nextAt };
  const until = heldUntil({ loginEndsAt: endsAt, problem: null }, policy, now);
  if (until !== null) return { alert: null, memory, nextAt: until };
  const alert = wordAlert(health, policy, {
    ...ladderText(endsAt, now, place),
    kind: step === 0 ? "login_ended" : "login_ends",
    severity: step <= DAY ? "critical" : "warning",
    topic: "login_end",
    opens: told === null,
    after: null,
    at: now,
    since: endsAt - step,
    step,
  });
  return { alert, memory: done, nextAt };
}

/** Somebody has signed in; where there was trouble as well, both are told to be over at once. */
function decideRenewal(
  memory: LoginEndMemory,
  endsAt: number,
  { health, isInTrouble }: Known,
  { policy, now }: { readonly policy: AlertPolicy; readonly now: number },
): Decision {
  if (isInTrouble) return { alert: null, memory, nextAt: null };
  const until = heldUntil({ loginEndsAt: endsAt, problem: null }, policy, now);
  if (until !== null) return { alert: null, memory, nextAt: until };
  const alert = wordAlert(health, policy, {
    ...renewalText(health),
    kind: "recovered",
    severity: "info",
    topic: "login_end",
    opens: false,
    closes: ["login_end"],
    after: "login_ends_soon",
    at: now,
    since: memory.endsAt - (memory.told ?? 0),
  });
  return { alert, memory: { endsAt, told: null }, nextAt: endsAt - (LADDER[0] ?? 0) };
}
