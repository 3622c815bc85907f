import { alertDocument } from "../alert-document.ts";
import { type ChannelKind, DELIVERED } from "../channel.ts";
import { runHook } from "../hook.ts";
import { failed } from "../post.ts";

/** A command of the user's, with the alert as JSON on its standard input. What it exits with tells whether that is delivered. */
export const command: ChannelKind = {
  fields: { command: { kind: "command" } },
  open(settings, { env, version }) {
    const line = settings.command("command");
    return async (alert) => {
      const { login, code } = alert;
      const input = `${JSON.stringify(alertDocument(alert, version))}\n`;
      const why = await runHook(line, { event: "alert", login, code, input }, env);
      return why === null ? DELIVERED : failed(`the command failed: ${why}`, {});
    };
  },
};
