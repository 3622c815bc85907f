import type { ChannelHealth } from "../core/alerts/channel-health.ts";
import type { KeptLogin } from "../core/kept-login.ts";
import type { Outcome } from "../core/outcome.ts";
import type { StatusReport } from "../core/status-report.ts";
import type { DrillNote } from "./drill-note.ts";

/** What a keeper lets its HTTP face see and ask for. All but `history` and `refresh` comes from memory. */
export interface KeepView {
  readonly version: string;
  /** Epoch ms. */
  now(): number;
  /** Whether the keeper's loop still turns: false once it has missed several of its turns. */
  isTicking(): boolean;
  logins(): readonly KeptLogin[];
  status(): StatusReport;
  /** Newest first. @throws PilotlightError `state_newer`, `state_unreadable` */
  history(query: {
    /** Epoch ms. */
    readonly since: number;
    readonly limit: number;
    readonly login?: string | undefined;
  }): Promise<readonly HistoryRow[]>;
  /** Renews one login now if that is due, or by `force`. @throws PilotlightError as the command does; `usage` for an unknown name */
  refresh(login: string, options: { readonly force: boolean }): Promise<Outcome>;
  /** Calls back after every change of what is known. @returns what ends that */
  onChange(listener: () => void): () => void;
  /** How the ways to people are. */
  channels(): readonly ChannelHealth[];
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Where this is a drill and no keeper. */
  drill?(): DrillNote;
}

/** One row of `pilotlight.history/v1`. Holds no secret. */
export interface HistoryRow {
  /** ISO 8601. */
  readonly at: string | null;
  readonly login: string;
  readonly kind: string;
  readonly code: string;
  readonly exit: number | null;
  readonly durationMs: number | null;
  readonly fromFingerprint: string | null;
  readonly toFingerprint: string | null;
  readonly requestId: string | null;
  readonly detail: string | null;
}
