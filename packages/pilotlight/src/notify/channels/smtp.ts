import { readFile } from "node:fs/promises";
import type { SendMailOptions } from "nodemailer";
import type { Alert } from "../../core/alerts/alert.ts";
import { PilotlightError } from "../../core/errors.ts";
import { idOf } from "../alert-document.ts";
import { alertText, alertTitle } from "../alert-facts.ts";
import { type ChannelKind, type ChannelSettings, DELIVERED, type Delivery } from "../channel.ts";
import { plainLine } from "../plain-text.ts";
import { failed } from "../post.ts";

/** ms for each step of a connection. */
const PATIENCE = 10_000;

const SECURITY = ["starttls", "tls", "none"] as const;

/** Mail, by way of a server that takes it: STARTTLS on 587 unless told otherwise. */
export const smtp: ChannelKind = {
  fields: {
    host: { kind: "text" },
    port: { kind: "port", isOptional: true },
    security: { kind: SECURITY, isOptional: true },
    ca_file: { kind: "path", isOptional: true },
    user: { kind: "text", isOptional: true },
    password: { kind: "secret", isOptional: true },
    from: { kind: "address" },
    to: { kind: "addresses" },
  },
  open(settings) {
    refuseOpenMail(settings);
    return async (alert) => {
      // Most configurations have no mail in them.
      const { createTransport } = await import("nodemailer");
      try {
        const transport = createTransport(await optionsOf(settings));
        await transport.sendMail(mailOf(alert, settings)).finally(() => transport.close());
        return DELIVERED;
      } catch (error) {
        return failureOf(error, settings);
      }
    };
  },
};

function mailOf(alert: Alert, settings: ChannelSettings): SendMailOptions {
  const isUrgent = alert.severity === "critical";
  return {
    from: settings.text("from") ?? "",
    to: [...settings.list("to")],
    subject: plainLine(alertTitle(alert), 200),
    text: `${alertText(alert)}\n`,
    priority: isUrgent ? "high" : "normal",
    headers: {
      // RFC 3834: no holiday notice shall answer it.
      "Auto-Submitted": "auto-generated",
      "X-Pilotlight-Alert": idOf(alert),
      // One thread for each login and topic.
      References: `<${alert.login}.${alert.topic}@pilotlight.invalid>`,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

async function optionsOf(settings: ChannelSettings) {
  const security = settings.text("security") ?? "starttls";
  const [user, password, ca] = [
    settings.text("user"),
    settings.secret("password"),
    settings.text("ca_file"),
  ];
  const pass = password === null ? "" : (await password()).reveal();
  return {
    host: settings.text("host") ?? "",
    port: settings.number("port") ?? (security === "tls" ? 465 : 587),
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user !== null && { auth: { user, pass } }),
    ...(ca !== null && { tls: { ca: await readFile(ca, "utf8") } }),
    connectionTimeout: PATIENCE,
    greetingTimeout: PATIENCE,
    socketTimeout: PATIENCE,
    dnsTimeout: PATIENCE,
  };
}

/** A password in the clear stays on this machine. */
function refuseOpenMail(settings: ChannelSettings): void {
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(settings.text("host") ?? "");
  if (settings.text("security") !== "none" || isLocal || settings.allowHttp) return;
  throw new PilotlightError(
    "config_invalid",
    'security = "none" is for a mail server on this machine; allow_http = true allows it all the same',
  );
}

function failureOf(error: unknown, settings: ChannelSettings): Delivery {
  const host = settings.text("host") ?? "";
  if (error instanceof PilotlightError) return failed(error.message, {});
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  const said = responseCode === undefined ? "" : ` (answered ${responseCode})`;
  // What the server says in words may quote what it was sent.
  const why = `${host}: ${code ?? (error instanceof Error ? error.name : "failed")}${said}`;
  return failed(why, { isRefused: (responseCode ?? 0) >= 500 });
}
