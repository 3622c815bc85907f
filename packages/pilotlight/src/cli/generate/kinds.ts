import type { Kind } from "./generated.ts";
import type { KindName } from "./kind-list.ts";
import { systemd, systemdTimer } from "./service/systemd.ts";

/** How each kind is made. */
export const KINDS: Readonly<Record<KindName, Kind>> = {
  systemd,
  "systemd-timer": systemdTimer,
};
