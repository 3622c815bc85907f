import type { ChannelKind } from "./channel.ts";
import { command } from "./channels/command.ts";
import { discord } from "./channels/discord.ts";
import { ntfy } from "./channels/ntfy.ts";
import { slack } from "./channels/slack.ts";
import { smtp } from "./channels/smtp.ts";
import { webhook } from "./channels/webhook.ts";

/** Every kind of channel, by its `type` in the configuration. */
export const CHANNEL_KINDS: Readonly<Record<string, ChannelKind>> = {
  webhook,
  command,
  slack,
  discord,
  ntfy,
  smtp,
};
