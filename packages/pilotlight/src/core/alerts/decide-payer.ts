import type { Billing } from "../explanation.ts";
import type { LoginHealth } from "../health.ts";
import type { AlertPolicy, TopicDecision } from "./alert.ts";
import type { PayerMemory } from "./alert-memory.ts";
import { heldUntil } from "./may-wait.ts";
import { payerText, wordAlert } from "./word-alert.ts";

/**
 * Decides whether it is to be told that another one pays than usual, or the usual one again. Pure. Where nobody
 * pays there is no login, which is told by itself.
 */
export function decidePayer(
  memory: PayerMemory | null,
  { health, billing }: { readonly health: LoginHealth; readonly billing: Billing | null },
  policy: AlertPolicy,
  now: number,
): TopicDecision<PayerMemory | null> {
  if (billing === null || billing === "none" || billing === memory?.told) {
    return { alert: null, memory, nextAt: null };
  }
  if (memory === null) {
    return { alert: null, memory: { usual: billing, told: billing }, nextAt: null };
  }
  const { usual, told } = memory;
  const isBack = billing === usual;
  // What costs by the request is told at any hour.
  const mayWait = isBack || billing === "subscription";
  const until = mayWait ? heldUntil({ loginEndsAt: null, problem: null }, policy, now) : null;
  if (until !== null) return { alert: null, memory, nextAt: until };
  const alert = wordAlert(health, policy, {
    ...payerText(told, billing, isBack),
    kind: isBack ? "recovered" : "payer_changed",
    severity: isBack ? "info" : "critical",
    topic: "payer",
    opens: told === usual,
    closes: isBack ? ["payer"] : [],
    after: isBack ? "payer_changed" : null,
    at: now,
    since: now,
  });
  return { alert, memory: { usual, told: billing }, nextAt: null };
}
