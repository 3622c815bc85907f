import type { Billing } from "../explanation.ts";
import type { LoginHealth } from "../health.ts";
import type { CommandPlace } from "../login-command.ts";
import type { Alert, AlertPolicy } from "./alert.ts";
import type { AlertMemory } from "./alert-memory.ts";
import { decideLoginEnd } from "./decide-login-end.ts";
import { decidePayer } from "./decide-payer.ts";
import { decideProblem } from "./decide-problem.ts";
import { isMendedBySignIn } from "./problem.ts";

/** What is known of a login when its alerts are decided. */
export interface AlertInput {
  readonly health: LoginHealth;
  readonly place: CommandPlace;
  /** Who pays for jobs of this login; `null` where nobody has looked. */
  readonly billing: Billing | null;
}

export interface AlertDecision {
  /** To be told now. */
  readonly alerts: readonly Alert[];
  readonly memory: AlertMemory;
  /** Epoch ms at which something may be due although nothing changes; `null` for never. */
  readonly nextAt: number | null;
}

/** Decides what is to be told of a login at `now` (epoch ms), by what was told before. Pure. */
export function decideAlerts(
  memory: AlertMemory,
  { health, place, billing }: AlertInput,
  policy: AlertPolicy,
  now: number,
): AlertDecision {
  const problem = decideProblem(memory.problem, health, policy, now);
  const { told } = problem.memory;
  const { action } = health;
  // In doubt, a sign-in would help, but nobody is asked for one yet.
  const isSignInTold =
    told !== null &&
    told.code === action?.code &&
    action.by === "person" &&
    isMendedBySignIn(action.command);
  const known = { health, place, isInTrouble: told !== null, isSignInTold };
  const end = decideLoginEnd(memory.loginEnd, known, policy, now);
  const payer = decidePayer(memory.payer, { health, billing }, policy, now);
  const times = [problem, end, payer].flatMap(({ nextAt }) => nextAt ?? []);
  return {
    alerts: together([problem, end, payer].flatMap(({ alert }) => alert ?? [])),
    memory: { problem: problem.memory, loginEnd: end.memory, payer: payer.memory },
    nextAt: times.length === 0 ? null : Math.min(...times),
  };
}

/** One sign-in ends trouble and ladder, and is told once. */
function together(alerts: readonly Alert[]): readonly Alert[] {
  const over = alerts.filter(({ kind, topic }) => kind === "recovered" && topic !== "payer");
  const [first] = over;
  if (first === undefined || over.length === 1) return alerts;
  const all: Alert = { ...first, closes: over.flatMap(({ closes }) => closes) };
  return [all, ...alerts.filter((alert) => !over.includes(alert))];
}
