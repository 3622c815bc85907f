import type { Alert } from "../../core/alerts/alert.ts";
import { PilotlightError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import { alertText, alertTitle } from "../alert-facts.ts";
import type { ChannelKind } from "../channel.ts";
import { fitBytes, plainLine } from "../plain-text.ts";
import { post } from "../post.ts";
import { required } from "../required.ts";

/** bytes; a longer message becomes an attachment. ntfy takes JSON of twice that in all. */
const LONGEST = { title: 240, message: 3_500 } as const;

/** ntfy's own scale, 1 to 5. */
const PRIORITIES = { info: 3, warning: 4, critical: 5 } as const;
const TAGS = { info: "white_check_mark", warning: "warning", critical: "rotating_light" } as const;

/** A topic of ntfy.sh or of one's own server: `url` is the topic's, whose name is as good as a password. */
export const ntfy: ChannelKind = {
  fields: { url: { kind: "secret-url" }, token: { kind: "secret", isOptional: true } },
  open(settings, { fetch }) {
    const url = required(settings, "url");
    const token = settings.secret("token");
    return async (alert) => {
      const { server, topic } = placeOf((await url()).reveal());
      const bearer = token === null ? null : (await token()).reveal();
      return post({
        url: server,
        fetch,
        body: JSON.stringify(ntfyMessage(alert, topic)),
        ...(bearer !== null && { headers: { authorization: `Bearer ${bearer}` } }),
      });
    };
  },
};

function ntfyMessage(alert: Alert, topic: string) {
  const { severity, renewUrl } = alert;
  return {
    topic,
    title: fitBytes(plainLine(alertTitle(alert), 1_000), LONGEST.title),
    message: fitBytes(alertText(alert), LONGEST.message),
    priority: PRIORITIES[severity],
    tags: [TAGS[severity]],
    ...(renewUrl !== null && {
      click: renewUrl,
      actions: [{ action: "view", label: "Renew this login", url: renewUrl }],
    }),
  };
}

/** JSON is published at the server's root, with the topic inside. */
function placeOf(text: string): { readonly server: Secret; readonly topic: string } {
  const url = new URL(text);
  const parts = url.pathname.replace(/\/+$/, "").split("/");
  const topic = decodeURIComponent(parts.pop() ?? "");
  if (topic === "") {
    throw new PilotlightError(
      "config_invalid",
      "the url of ntfy names no topic, as https://ntfy.sh/<topic> does",
    );
  }
  url.pathname = `${parts.join("/")}/`;
  return { server: new Secret(url.href), topic };
}
