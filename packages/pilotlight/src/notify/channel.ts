import type { Alert } from "../core/alerts/alert.ts";
import type { Secret } from "../core/secret.ts";

/** How the delivery of one alert went. */
export type Delivery =
  | { readonly kind: "delivered" }
  | {
      readonly kind: "failed";
      /** Without any secret: the address of a channel is one. */
      readonly why: string;
      /** ms that the other side asks for; `null` where it does not. */
      readonly retryAfter: number | null;
      /** It was answered, with no: the same again will hardly be taken. */
      readonly isRefused: boolean;
    };

export const DELIVERED: Delivery = { kind: "delivered" };

/** One way to people. */
export interface Channel {
  readonly name: string;
  readonly type: string;
  /** Delivers one alert within seconds, or says why not. Promises: never throws, keeps to the service's limits, lets no text of the alert act there. */
  send(alert: Alert): Promise<Delivery>;
}

/** Reads a secret anew: it may be changed while a daemon runs. @throws PilotlightError `config_invalid` */
export type SecretSource = () => Promise<Secret>;

/**
 * How a setting of a channel is written: a `secret` as `<key>_file`, as `"${NAME}"` of the environment, or in place;
 * a `secret-url` likewise, and it must be https or lead to this machine.
 */
export type FieldKind =
  | "secret"
  | "secret-url"
  | "text"
  | "path"
  | "port"
  | "command"
  | "address"
  | "addresses"
  | readonly [string, ...string[]];

export interface Field {
  readonly kind: FieldKind;
  readonly isOptional?: true;
}

/** The checked settings of one channel. */
export interface ChannelSettings {
  /** Whether plain http, or mail without TLS, is allowed beyond this machine. */
  readonly allowHttp: boolean;
  secret(key: string): SecretSource | null;
  text(key: string): string | null;
  number(key: string): number | null;
  list(key: string): readonly string[];
  command(key: string): string | readonly [string, ...string[]];
}

/** What a channel works with. */
export interface ChannelParts {
  readonly fetch: typeof fetch;
  /** For a command; without credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Epoch ms. */
  now(): number;
}

/** One kind of channel: what its table in the configuration holds, and how an alert is sent. */
export interface ChannelKind {
  readonly fields: Readonly<Record<string, Field>>;
  /** @throws PilotlightError `config_invalid` for settings that do not go together */
  open(settings: ChannelSettings, parts: ChannelParts): Channel["send"];
}
