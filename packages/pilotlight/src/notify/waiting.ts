import type { Alert, AlertTopic } from "../core/alerts/alert.ts";

/** An alert that one channel has still to deliver. Times are epoch ms. */
export interface Waiting {
  readonly alert: Alert;
  /** Since when it waits. */
  readonly at: number;
  readonly tries: number;
  readonly notBefore: number;
}

/**
 * Adds an alert to those that wait: it takes the place of older ones of its topic, and what is over before anybody
 * heard of it is not told at all. Pure.
 */
export function withAlert(
  waiting: readonly Waiting[],
  alert: Alert,
  { sending, now }: { readonly sending: Waiting | null; readonly now: number },
): { readonly kept: readonly Waiting[]; readonly dropped: readonly Alert[] } {
  const topics: readonly AlertTopic[] = alert.kind === "recovered" ? alert.closes : [alert.topic];
  // What is on its way counts as told.
  const isOlder = (one: Waiting) =>
    one !== sending && one.alert.login === alert.login && topics.includes(one.alert.topic);
  const older = waiting.filter(isOlder);
  const untold = topics.filter((topic) =>
    older.some((one) => one.alert.topic === topic && one.alert.opens),
  );
  const kept = waiting.filter((one) => !isOlder(one));
  const dropped = older.map((one) => one.alert);
  if (alert.kind === "recovered" && topics.length > 0 && untold.length === topics.length) {
    return { kept, dropped: [...dropped, alert] };
  }
  const isFirst = alert.kind !== "recovered" && (alert.opens || untold.length > 0);
  const added = { alert: { ...alert, opens: isFirst }, at: now, tries: 0, notBefore: 0 };
  return { kept: [...kept, added], dropped };
}
