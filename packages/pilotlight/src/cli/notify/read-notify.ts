import { isTimeZone, parseQuietHours, type QuietHours } from "../../core/alerts/quiet-hours.ts";
import { isPlainName } from "../../core/plain-name.ts";
import { type Fields, isObject } from "../../core/json-object.ts";
import type { Field, FieldKind } from "../../notify/channel.ts";
import { CHANNEL_KINDS } from "../../notify/channel-table.ts";
import { absolute, type ConfigFile, refuse } from "../config-file.ts";
import { duration, flag, hookCommand, text } from "../settings-table.ts";
import {
  type ChannelConfig,
  type ChannelValue,
  NO_ALERTS,
  type NotifyConfig,
} from "./notify-config.ts";
import { secretRef } from "./secret-ref.ts";

const SETTING_KEYS = ["quiet", "timezone", "grace", "escalate_after", "renew_url"];
const COMMON_KEYS = ["type", "allow_http"];
const SECRETS: readonly FieldKind[] = ["secret", "secret-url"];

/** Reads `[notify]` and the tables in it, and no secret. @throws PilotlightError `config_invalid` with the line */
export function readNotify(file: ConfigFile, home: string): NotifyConfig {
  const notify = file.table["notify"];
  if (!isObject(notify)) refuse(file, ["notify"], "must be a table, such as [notify]");
  const tables = Object.entries(notify).filter(([, value]) => isObject(value));
  for (const key of Object.keys(notify)) {
    if (!SETTING_KEYS.includes(key) && !isObject(notify[key])) {
      refuse(file, ["notify", key], `is none of ${SETTING_KEYS.join(", ")}, and no channel`);
    }
  }
  const time = (key: string, otherwise: number, least: number): number => {
    if (notify[key] === undefined) return otherwise;
    const ms = duration(notify[key]);
    if (ms === undefined || ms < least) {
      refuse(file, ["notify", key], `must be a time such as "15m", from ${least / 1000}s on`);
    }
    return ms;
  };
  const isNever = notify["escalate_after"] === "never";
  return {
    quiet: quietIn(file, notify),
    grace: time("grace", NO_ALERTS.grace, 0),
    escalateAfter: isNever ? null : time("escalate_after", NO_ALERTS.escalateAfter ?? 0, 60_000),
    renewUrl: renewUrlIn(file, notify),
    channels: tables.map(([name, table]) => channelIn(file, home, name, table as Fields)),
  };
}

function quietIn(file: ConfigFile, notify: Fields): QuietHours | null {
  const zone = notify["timezone"] ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (typeof zone !== "string" || !isTimeZone(zone)) {
    refuse(file, ["notify", "timezone"], 'must be a time zone such as "Europe/Berlin"');
  }
  if (notify["quiet"] === undefined) return null;
  const quiet = parseQuietHours(text(notify["quiet"]) ?? "", zone);
  if (quiet === null) refuse(file, ["notify", "quiet"], 'must be hours such as "22:00-07:00"');
  return quiet;
}

function renewUrlIn(file: ConfigFile, notify: Fields): string | null {
  if (notify["renew_url"] === undefined) return null;
  const url = URL.parse(text(notify["renew_url"]) ?? "");
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    refuse(file, ["notify", "renew_url"], 'must be a URL such as "https://keep.example"');
  }
  return url.href;
}

function channelIn(file: ConfigFile, home: string, name: string, table: Fields): ChannelConfig {
  const path = ["notify", name];
  if (!isPlainName(name)) {
    refuse(file, path, "must be a name of up to 64 letters, digits, dashes and underscores");
  }
  const type = text(table["type"]) ?? "";
  const types = Object.keys(CHANNEL_KINDS);
  const kind = types.includes(type) ? CHANNEL_KINDS[type] : undefined;
  if (kind === undefined) refuse(file, [...path, "type"], `must be one of ${types.join(", ")}`);
  const allowHttp = flag(table["allow_http"] ?? false);
  if (allowHttp === undefined) refuse(file, [...path, "allow_http"], "must be true or false");
  const known = Object.entries(kind.fields).flatMap(([key, field]) =>
    SECRETS.includes(field.kind) ? [key, `${key}_file`] : [key],
  );
  for (const key of Object.keys(table)) {
    if (COMMON_KEYS.includes(key) || known.includes(key)) continue;
    refuse(file, [...path, key], `is none of ${[...COMMON_KEYS, ...known].join(", ")}`);
  }
  const values = Object.entries(kind.fields).flatMap(([key, field]) => {
    const value = valueOf(field, key, table, { file, path, home });
    return value === null ? [] : [[key, value] as const];
  });
  return { name, type, allowHttp, values: Object.fromEntries(values) };
}

interface Place {
  readonly file: ConfigFile;
  readonly path: readonly string[];
  readonly home: string;
}

function valueOf(field: Field, key: string, table: Fields, place: Place): ChannelValue | null {
  const { file, path, home } = place;
  const at = [...path, key];
  const isSecret = SECRETS.includes(field.kind);
  const written = table[key] ?? (isSecret ? table[`${key}_file`] : undefined);
  if (written === undefined) {
    if (field.isOptional === true) return null;
    refuse(file, path, `needs ${isSecret ? `${key}, or ${key}_file` : key}`);
  }
  if (isSecret) {
    if (text(written) === undefined) refuse(file, at, "must be text that is not empty");
    const words = { text: text(table[key]), file: text(table[`${key}_file`]) };
    return secretRef(words, { config: file, path: at, home });
  }
  const value = settingOf(field.kind, written, home);
  if (value === undefined) refuse(file, at, `must be ${acceptedBy(field.kind)}`);
  return { from: "setting", value };
}

const ADDRESS = /^[^\p{Cc}<>@]*<?[^\s\p{Cc}<>@,;:"]+@[^\s\p{Cc}<>@,;:"]+>?$/u;

function settingOf(
  kind: FieldKind,
  value: unknown,
  home: string,
): string | number | readonly string[] | undefined {
  const address = (each: unknown) => {
    const written = text(each)?.trim();
    return written !== undefined && ADDRESS.test(written) ? written : undefined;
  };
  switch (kind) {
    case "text":
      return text(value)?.trim();
    case "path":
      return text(value) === undefined ? undefined : absolute(text(value) ?? "", home);
    case "port":
      return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536
        ? Number(value)
        : undefined;
    case "command":
      return hookCommand(value);
    case "address":
      return address(value);
    case "addresses": {
      const all = (Array.isArray(value) ? value : [value]).map(address);
      const good = all.filter((each) => each !== undefined);
      return good.length > 0 && good.length === all.length ? good : undefined;
    }
    case "secret":
    case "secret-url":
      return undefined;
    default:
      return kind.find((choice) => choice === value);
  }
}

function acceptedBy(kind: FieldKind): string {
  if (typeof kind !== "string") return kind.map((choice) => JSON.stringify(choice)).join(" or ");
  const words = {
    text: "text that is not empty",
    path: "a path",
    port: "a number from 1 to 65535",
    command: "a command line, or a list of its words",
    address: 'an address such as "keep@example.com"',
    addresses: 'addresses such as ["ops@example.com"]',
    secret: "text",
    "secret-url": "a URL",
  };
  return words[kind];
}
