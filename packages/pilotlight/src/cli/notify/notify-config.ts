import type { QuietHours } from "../../core/alerts/quiet-hours.ts";
import type { SecretRef } from "./secret-ref.ts";

/** Who is told, of what is decided how. Times in ms. */
export interface NotifyConfig {
  readonly quiet: QuietHours | null;
  readonly grace: number;
  /** `null`: told once. */
  readonly escalateAfter: number | null;
  /** Without a slash at its end. */
  readonly renewUrl: string | null;
  readonly channels: readonly ChannelConfig[];
}

export type ChannelValue =
  SecretRef | { readonly from: "setting"; readonly value: string | number | readonly string[] };

export interface ChannelConfig {
  readonly name: string;
  readonly type: string;
  readonly allowHttp: boolean;
  readonly values: Readonly<Record<string, ChannelValue>>;
}

const MINUTE = 60_000;

export const NO_ALERTS: NotifyConfig = {
  quiet: null,
  grace: 15 * MINUTE,
  escalateAfter: 4 * 60 * MINUTE,
  renewUrl: null,
  channels: [],
};
