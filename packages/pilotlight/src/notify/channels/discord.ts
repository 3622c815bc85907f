import type { Alert } from "../../core/alerts/alert.ts";
import { isoOf } from "../../core/iso-time.ts";
import { alertFacts, alertTitle } from "../alert-facts.ts";
import type { ChannelKind } from "../channel.ts";
import { fitEscaped, plain, plainLine } from "../plain-text.ts";
import { post } from "../post.ts";
import { required } from "../required.ts";

/** Characters; Discord's are 2000, 256, 4096, 1024, and 6000 for an embed in all. */
const LIMIT = { content: 2_000, title: 256, description: 3_000, value: 1_024 } as const;

const COLOURS = { info: 0x2e9e5b, warning: 0xd9a300, critical: 0xc62828 } as const;

/** A webhook of Discord: one embed, which mentions nobody. */
export const discord: ChannelKind = {
  fields: { url: { kind: "secret-url" } },
  open(settings, { fetch }) {
    const url = required(settings, "url");
    return async (alert) =>
      post({ url: await url(), body: JSON.stringify(discordMessage(alert)), fetch });
  },
};

function discordMessage(alert: Alert) {
  const { severity, message, command, renewUrl } = alert;
  const title = plainLine(alertTitle(alert), 1_000);
  const facts = alertFacts(alert).map(({ label, value }) => ({
    name: label,
    value: escaped(plain(value), 200),
    inline: true,
  }));
  return {
    content: escaped(title, LIMIT.content),
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: escaped(renewUrl === null ? title : `Renew: ${title}`, LIMIT.title),
        ...(renewUrl !== null && { url: renewUrl }),
        description: escaped(plain(message), LIMIT.description),
        color: COLOURS[severity],
        timestamp: isoOf(alert.at),
        fields: [
          ...facts,
          ...(command === null ? [] : [{ name: "Command", value: codeOf(command), inline: false }]),
        ],
      },
    ],
  };
}

/** As it has to be typed, where its own backticks do not end it. */
function codeOf(command: string): string {
  const fence = "```";
  const line = plainLine(command, LIMIT.value - 8);
  return line.includes("`") ? escaped(line, LIMIT.value) : `${fence}\n${line}\n${fence}`;
}

/** What Discord takes for markup, mentions and links, each behind a backslash. */
function escaped(text: string, limit: number): string {
  return fitEscaped(text, limit, (character) =>
    /[\\*_~`|<>[\]()#@]/.test(character) ? `\\${character}` : character,
  );
}
