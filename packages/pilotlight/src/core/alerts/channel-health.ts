/** How one channel for alerts is. Times are ISO 8601. */
export interface ChannelHealth {
  readonly name: string;
  readonly type: string;
  readonly failing: boolean;
  /** Since when it fails; `null` while it does not. */
  readonly since: string | null;
  /** Deliveries that failed in a row. */
  readonly failures: number;
  /** Why the last one failed; `null` while it does not. */
  readonly detail: string | null;
  /** Alerts that wait to be delivered. */
  readonly waiting: number;
}

/** What became of one delivery. */
export type AlertOutcome = "delivered" | "failed" | "superseded" | "expired";
