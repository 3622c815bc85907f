import type { LoginHealth } from "../health.ts";
import type { Alert, AlertPolicy, TopicDecision } from "./alert.ts";
import type { ProblemMemory } from "./alert-memory.ts";
import { heldUntil } from "./may-wait.ts";
import {
  kindOf,
  type Problem,
  problemOf,
  settleTime,
  severityOf,
  signatureOf,
  tellAt,
} from "./problem.ts";
import { quietUntil } from "./quiet-hours.ts";
import { escalationText, problemText, recoveryText, wordAlert } from "./word-alert.ts";

/** ms; from then on a reminder comes no slower. */
const SLOWEST = 3 * 86_400_000;

type Told = NonNullable<ProblemMemory["told"]>;
type Decision = TopicDecision<ProblemMemory>;

/** Decides what is to be told of what is wrong with a login. Pure. */
export function decideProblem(
  memory: ProblemMemory,
  health: LoginHealth,
  policy: AlertPolicy,
  now: number,
): Decision {
  const problem = problemOf(health);
  if (problem === "unknown") return { alert: null, memory, nextAt: null };
  if (problem === null) return decideGone(memory, health, policy, now);
  const seen = track(memory.seen, problem, policy, now);
  const known: ProblemMemory = { seen, told: memory.told, goneSince: null };
  const { told } = memory;
  if (told !== null && !isNews(told, problem)) {
    return decideEscalation({ ...known, told }, { problem, health }, policy, now);
  }
  const due = Math.max(tellAt(problem, seen.since, policy), held(problem, health, policy, now));
  if (now < due) return { alert: null, memory: known, nextAt: due };
  const alert = wordAlert(health, policy, {
    ...problemText(problem),
    kind: kindOf(problem),
    severity: severityOf(problem),
    topic: "problem",
    opens: told === null,
    after: told?.code ?? null,
    at: now,
    since: seen.begun,
  });
  const { code, isForPeople, usable } = problem;
  const begun = told?.begun ?? seen.begun;
  const next: Told = { code, isForPeople, usable, begun, at: now, lastAt: now, count: 1 };
  return { alert, memory: { ...known, told: next }, nextAt: escalateAt(next, policy) };
}

/** Time in which nobody looked does not count: trouble that a suspend hid may be over in a moment. */
function track(
  before: ProblemMemory["seen"],
  problem: Problem,
  { blindAfter }: AlertPolicy,
  now: number,
): NonNullable<ProblemMemory["seen"]> {
  const signature = signatureOf(problem);
  if (before === null) return { signature, begun: now, since: now, at: now };
  const wasBlind = now < before.at || now - before.at > blindAfter;
  const isSame = before.signature === signature && !wasBlind;
  const begun = Math.min(before.begun, now);
  return { signature, begun, since: isSame ? before.since : now, at: now };
}

/** What only time mends is one and the same, whatever it is called; that jobs fail by now is always news. */
function isNews(told: Told, problem: Problem): boolean {
  if (told.usable && !problem.usable) return true;
  if (told.isForPeople !== problem.isForPeople) return true;
  return problem.isForPeople && told.code !== problem.code;
}

function held(problem: Problem, health: LoginHealth, policy: AlertPolicy, now: number): number {
  const loginEndsAt = timeOf(health.loginEndsAt);
  return heldUntil({ loginEndsAt, problem }, policy, now) ?? now;
}

/** Nobody has acted: louder, and slower each time. */
function decideEscalation(
  memory: ProblemMemory & { readonly told: Told },
  { problem, health }: { readonly problem: Problem; readonly health: LoginHealth },
  policy: AlertPolicy,
  now: number,
): Decision {
  const { told } = memory;
  const at = escalateAt(told, policy);
  if (at === null) return { alert: null, memory, nextAt: null };
  const due = now < at ? at : held(problem, health, policy, now);
  if (now < due) return { alert: null, memory, nextAt: due };
  const alert = wordAlert(health, policy, {
    ...escalationText(problem, now - told.at),
    kind: "escalation",
    severity: "critical",
    topic: "problem",
    opens: false,
    after: told.code,
    at: now,
    since: told.begun,
  });
  const next: Told = { ...told, code: problem.code, lastAt: now, count: told.count + 1 };
  return { alert, memory: { ...memory, told: next }, nextAt: escalateAt(next, policy) };
}

function escalateAt({ lastAt, count }: Told, { escalateAfter }: AlertPolicy): number | null {
  if (escalateAfter === null) return null;
  return lastAt + Math.max(escalateAfter, Math.min(escalateAfter * 2 ** (count - 1), SLOWEST));
}

/** Nothing is wrong any more, or not for long enough to say so. */
function decideGone(
  { told, goneSince }: ProblemMemory,
  health: LoginHealth,
  policy: AlertPolicy,
  now: number,
): Decision {
  const well: ProblemMemory = { seen: null, told: null, goneSince: null };
  if (told === null) return { alert: null, memory: well, nextAt: null };
  const since = goneSince === null || goneSince > now ? now : goneSince;
  const waking = wasToldTonight(told, policy, now) ? null : { loginEndsAt: null, problem: null };
  const quiet = waking === null ? null : heldUntil(waking, policy, now);
  const due = Math.max(since + settleTime(policy), quiet ?? now);
  if (now < due) {
    return { alert: null, memory: { ...well, told, goneSince: since }, nextAt: due };
  }
  return { alert: recovery(told, health, policy, now), memory: well, nextAt: null };
}

function recovery(told: Told, health: LoginHealth, policy: AlertPolicy, now: number): Alert {
  return wordAlert(health, policy, {
    ...recoveryText(health, told.code, now - told.begun),
    kind: "recovered",
    severity: "info",
    topic: "problem",
    opens: false,
    closes: ["problem"],
    after: told.code,
    at: now,
    since: told.begun,
  });
}

/** Whoever was woken may sleep again. */
function wasToldTonight({ lastAt }: Told, { quiet }: AlertPolicy, now: number): boolean {
  const until = quietUntil(quiet, now);
  return until !== null && until === quietUntil(quiet, lastAt);
}

function timeOf(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}
