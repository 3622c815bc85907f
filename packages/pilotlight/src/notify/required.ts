import { PilotlightError } from "../core/errors.ts";
import type { ChannelSettings, SecretSource } from "./channel.ts";

/** A secret that a channel cannot do without. */
export function required(settings: ChannelSettings, key: string): SecretSource {
  const secret = settings.secret(key);
  if (secret === null) throw new PilotlightError("config_invalid", `${key} is missing`);
  return secret;
}
