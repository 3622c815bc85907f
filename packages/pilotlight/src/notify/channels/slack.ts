import type { Alert } from "../../core/alerts/alert.ts";
import { alertFacts, alertTitle } from "../alert-facts.ts";
import type { ChannelKind } from "../channel.ts";
import { fitEscaped, plain, plainLine } from "../plain-text.ts";
import { post } from "../post.ts";
import { required } from "../required.ts";

/** Characters, by Slack's Block Kit reference. */
const LIMIT = { header: 150, section: 3_000, field: 2_000, text: 3_000 } as const;

/** An incoming webhook of Slack, and of what understands the same (Mattermost, Rocket.Chat). */
export const slack: ChannelKind = {
  fields: { url: { kind: "secret-url" } },
  open(settings, { fetch }) {
    const url = required(settings, "url");
    return async (alert) =>
      post({ url: await url(), body: JSON.stringify(slackMessage(alert)), fetch });
  },
};

const MARKS = { info: "✅", warning: "⚠️", critical: "🚨" } as const;

/** All of the alert's own text is `plain_text`: it can neither mention anybody nor be bold. */
function slackMessage(alert: Alert) {
  const { severity, message, command, renewUrl } = alert;
  const title = `${MARKS[severity]} ${plainLine(alertTitle(alert), 1_000)}`;
  const fields = alertFacts(alert).map(({ label, value }) =>
    textOf(`${label}\n${value}`, LIMIT.field),
  );
  return {
    text: escaped(title, LIMIT.text),
    mrkdwn: false,
    blocks: [
      { type: "header", text: textOf(title, LIMIT.header) },
      { type: "section", text: textOf(message, LIMIT.section) },
      ...(command === null
        ? []
        : [{ type: "section", text: textOf(`$ ${command}`, LIMIT.section) }]),
      ...(renewUrl === null ? [] : [{ type: "section", text: linkTo(renewUrl) }]),
      { type: "section", fields },
    ],
  };
}

function textOf(text: string, limit: number) {
  return { type: "plain_text", text: escaped(plain(text), limit), emoji: false };
}

/** Ours, by the configuration; percent-encoded where it could end the link. */
function linkTo(url: string) {
  const safe = url.replace(/[<>|&]/g, (character) => encodeURIComponent(character));
  return { type: "mrkdwn", text: `<${safe}|Renew this login>` };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escaped(text: string, limit: number): string {
  return fitEscaped(text, limit, (character) => ENTITIES[character] ?? character);
}
