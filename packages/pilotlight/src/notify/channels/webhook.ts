import { createHmac } from "node:crypto";
import { alertDocument, idOf } from "../alert-document.ts";
import type { ChannelKind } from "../channel.ts";
import { post } from "../post.ts";
import { required } from "../required.ts";

/**
 * `pilotlight.alert/v1` as JSON, signed: `X-Pilotlight-Signature` is `sha256=` and the HMAC of
 * `<X-Pilotlight-Timestamp>.<body>`, so that a body that is sent again later is known by its age.
 */
export const webhook: ChannelKind = {
  fields: { url: { kind: "secret-url" }, secret: { kind: "secret" } },
  open(settings, { fetch, version, now }) {
    const [url, secret] = [required(settings, "url"), required(settings, "secret")];
    return async (alert) => {
      const body = JSON.stringify(alertDocument(alert, version));
      const timestamp = String(Math.floor(now() / 1000));
      const key = (await secret()).reveal();
      const signature = createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex");
      return post({
        url: await url(),
        fetch,
        body,
        headers: {
          "user-agent": `pilotlight/${version}`,
          "x-pilotlight-timestamp": timestamp,
          "x-pilotlight-signature": `sha256=${signature}`,
          // Header values are ASCII; login names and kinds are.
          "x-pilotlight-delivery": idOf(alert),
        },
      });
    };
  },
};
