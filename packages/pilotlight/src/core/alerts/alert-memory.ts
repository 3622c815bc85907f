import type { AlertCode, Payer } from "./alert.ts";

/** What is remembered of a login's alerts, so that none is told twice, also by a daemon that was restarted. Times are epoch ms. */
export interface AlertMemory {
  readonly problem: ProblemMemory;
  readonly loginEnd: LoginEndMemory | null;
  readonly payer: PayerMemory | null;
}

export interface ProblemMemory {
  /** What is there now, told or not. */
  readonly seen: {
    /** What would have to change for it to be news. */
    readonly signature: string;
    /** Since when there has been trouble of any kind. */
    readonly begun: number;
    /** Since when it has been this. */
    readonly since: number;
    /** The last look. */
    readonly at: number;
  } | null;
  /** What people know of. */
  readonly told: {
    readonly code: AlertCode;
    readonly isForPeople: boolean;
    readonly usable: boolean;
    readonly begun: number;
    readonly at: number;
    readonly lastAt: number;
    /** How often it was told. */
    readonly count: number;
  } | null;
  /** Since when what was told has been gone. */
  readonly goneSince: number | null;
}

export interface LoginEndMemory {
  readonly endsAt: number;
  /** The last step of the ladder that was told, in ms before the end. */
  readonly told: number | null;
}

export interface PayerMemory {
  /** Who paid when that was first seen. */
  readonly usual: Payer;
  /** Who pays as far as people know. */
  readonly told: Payer;
}

export const EMPTY_ALERT_MEMORY: AlertMemory = {
  problem: { seen: null, told: null, goneSince: null },
  loginEnd: null,
  payer: null,
};
