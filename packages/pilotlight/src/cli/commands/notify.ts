import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Alert } from "../../core/alerts/alert.ts";
import { sampleAlerts } from "../../core/alerts/sample-alerts.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import type { Channel, Delivery } from "../../notify/channel.ts";
import { type Config, readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { openChannels } from "../notify/open-channels.ts";
import { renewLinks } from "../keep/renew-links.ts";
import { printable } from "../printable.ts";
import { viewOf } from "../status-report.ts";

export interface NotifyTestFlags {
  readonly channel?: string;
  readonly json?: boolean;
}

/** ms that a channel may ask us to wait for, in a test. */
const LONGEST_WISH = 30_000;
const TRIES = 3;

interface Tried {
  readonly kind: Alert["kind"];
  readonly delivered: boolean;
  readonly why: string | null;
}

/**
 * `pilotlight notify test`: sends one alert of each kind to each channel, marked as a test.
 * @returns 0, or 69 when one did not arrive. @throws PilotlightError `config_invalid` where no channel is configured
 */
export async function notifyTest(flags: NotifyTestFlags, io: Io): Promise<number> {
  const config = await readConfig(io.env);
  const names = config.notify.channels.map(({ name }) => name);
  if (names.length === 0) {
    throw new PilotlightError("config_invalid", "no channel is configured, such as [notify.chat]");
  }
  if (flags.channel !== undefined && !names.includes(flags.channel)) {
    const known = names.join(", ");
    throw new PilotlightError("usage", `there is no channel ${flags.channel} (known: ${known})`);
  }
  const channels = (await openChannels(config)).filter(
    ({ name }) => flags.channel === undefined || name === flags.channel,
  );
  const login = config.logins[0]?.name ?? "default";
  const renewUrl = config.notify.renewUrl ?? (await ownLink(config));
  const alerts = sampleAlerts({ login, host: hostname(), renewUrl }, Date.now());
  const rows = await Promise.all(
    channels.map(async (channel) => ({ channel, tried: await trial(channel, alerts) })),
  );
  if (flags.json === true) io.out(`${JSON.stringify(reportOf(rows))}\n`);
  else for (const row of rows) io.out(`${lineOf(row)}\n`);
  const isWell = rows.every(({ tried }) => tried.every(({ delivered }) => delivered));
  return isWell ? 0 : traitsOf("endpoint_unavailable").exit;
}

/** The living link of the first login: whoever gets the test can try it. */
async function ownLink(config: Config): Promise<string | null> {
  const [login] = config.logins;
  if (login === undefined) return null;
  return (await renewLinks(config)?.linkTo(login.name, await viewOf(config, login))) ?? null;
}

/** One after the other: a chat takes about one message a second, and says so. */
async function trial(channel: Channel, alerts: readonly Alert[]): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const alert of alerts) {
    const delivery = await patiently(channel, alert);
    const why = delivery.kind === "failed" ? delivery.why : null;
    tried.push({ kind: alert.kind, delivered: why === null, why });
    // A channel that cannot be reached is not asked nine times.
    if (delivery.kind === "failed" && !delivery.isRefused) break;
  }
  return tried;
}

async function patiently(channel: Channel, alert: Alert): Promise<Delivery> {
  for (let count = 1; ; count++) {
    const delivery = await channel.send(alert);
    if (delivery.kind === "delivered" || count === TRIES) return delivery;
    const { retryAfter } = delivery;
    if (retryAfter === null || retryAfter > LONGEST_WISH) return delivery;
    await setTimeout(retryAfter);
  }
}

interface Row {
  readonly channel: Channel;
  readonly tried: readonly Tried[];
}

function lineOf({ channel: { name, type }, tried }: Row): string {
  const bad = tried.find(({ delivered }) => !delivered);
  const good = tried.filter(({ delivered }) => delivered).length;
  const place = `notify.${name} (${type})`;
  if (bad === undefined) return `${place}: ${good} alerts delivered, one of each kind`;
  return printable(`${place}: FAILED at ${bad.kind}, after ${good} delivered: ${bad.why}`);
}

function reportOf(rows: readonly Row[]) {
  return {
    schema: "pilotlight.notify-test/v1",
    channels: rows.map(({ channel: { name, type }, tried }) => ({
      name,
      type,
      ok: tried.every(({ delivered }) => delivered),
      alerts: tried,
    })),
  };
}
