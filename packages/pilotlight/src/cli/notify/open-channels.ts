import { setTimeout } from "node:timers/promises";
import { PilotlightError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import type { Channel, ChannelParts, ChannelSettings, Delivery } from "../../notify/channel.ts";
import { CHANNEL_KINDS } from "../../notify/channel-table.ts";
import { failed } from "../../notify/post.ts";
import { requireSafeUrl } from "../../notify/safe-url.ts";
import type { Config } from "../config.ts";
import { withoutCredentials } from "../keep/run-hooks.ts";
import { proxiedFetch } from "../proxied-fetch.ts";
import { VERSION } from "../version.ts";
import type { ChannelConfig } from "./notify-config.ts";
import { readSecret } from "./secret-ref.ts";

/** ms; a command has a minute, a mail several steps of ten seconds. */
const LIMIT = 90_000;

/** Opens every configured channel; its secrets are read once, to say now what would fail later. @throws PilotlightError `config_invalid` */
export function openChannels(config: Config): Promise<readonly Channel[]> {
  const parts: ChannelParts = {
    fetch: proxiedFetch(config.env, { isPatient: false }),
    env: withoutCredentials(config.env),
    version: VERSION,
    now: () => Date.now(),
  };
  return Promise.all(config.notify.channels.map((channel) => openChannel(channel, config, parts)));
}

async function openChannel(
  channel: ChannelConfig,
  config: Config,
  parts: ChannelParts,
): Promise<Channel> {
  const { name, type } = channel;
  const kind = CHANNEL_KINDS[type];
  if (kind === undefined) throw new PilotlightError("bug", `there is no channel of type ${type}`);
  try {
    const settings = settingsOf(channel, config);
    for (const key of Object.keys(kind.fields)) await settings.secret(key)?.();
    const send = kind.open(settings, parts);
    return {
      name,
      type,
      // What was readable when it was opened may not be so any more.
      send: (alert) =>
        withinLimit(
          send(alert).catch((error: unknown) =>
            failed(error instanceof PilotlightError ? error.message : "it failed", {}),
          ),
        ),
    };
  } catch (error) {
    if (!(error instanceof PilotlightError)) throw error;
    throw new PilotlightError(error.code, `notify.${name}: ${error.message}`, { cause: error });
  }
}

/** Whatever a channel waits for, the alerts behind this one have to go on. */
async function withinLimit(delivery: Promise<Delivery>): Promise<Delivery> {
  const over = new AbortController();
  const late = setTimeout(LIMIT, failed("it took too long", {}), { signal: over.signal });
  try {
    return await Promise.race([delivery, late.catch(() => failed("it was left", {}))]);
  } finally {
    over.abort();
  }
}

function settingsOf({ type, allowHttp, values }: ChannelConfig, { env }: Config): ChannelSettings {
  const valueAt = (key: string) => {
    const value = values[key];
    return value?.from === "setting" ? value.value : null;
  };
  const text = (key: string) => {
    const value = valueAt(key);
    return typeof value === "string" ? value : null;
  };
  const list = (key: string) => {
    const value = valueAt(key);
    return Array.isArray(value) ? value.map(String) : [];
  };
  return {
    allowHttp,
    text,
    list,
    number: (key) => {
      const value = valueAt(key);
      return typeof value === "number" ? value : null;
    },
    command: (key) => {
      const [first, ...rest] = list(key);
      return first === undefined ? (text(key) ?? "") : [first, ...rest];
    },
    secret: (key) => {
      const ref = values[key];
      if (ref === undefined || ref.from === "setting") return null;
      const isUrl = CHANNEL_KINDS[type]?.fields[key]?.kind === "secret-url";
      return async (): Promise<Secret> => {
        const secret = await readSecret(ref, key, env);
        if (isUrl) requireSafeUrl(secret, key, allowHttp);
        return secret;
      };
    },
  };
}
