import type { Channel } from "../../notify/channel.ts";
import type { Heartbeat } from "../../notify/heartbeat.ts";
import type { Config } from "../config.ts";
import { NO_ALERTS } from "./notify-config.ts";

/** The ways to people and monitors that a daemon has. */
export interface Outlets {
  readonly channels: readonly Channel[];
  /** `null` where no monitor waits for a sign of life. */
  readonly ping: Heartbeat | null;
}

/** Opens what is configured, and loads nothing for what is not. @throws PilotlightError `config_invalid` */
export async function openNotify(config: Config): Promise<Outlets> {
  const hasChannels = config.notify.channels.length > NO_ALERTS.channels.length;
  const channels = hasChannels
    ? await (await import("./open-channels.ts")).openChannels(config)
    : NO_CHANNELS;
  const ping =
    config.keep.ping === null ? null : await (await import("./keep-ping.ts")).openPing(config);
  return { channels, ping };
}

const NO_CHANNELS: readonly Channel[] = [];
