import type { VerdictRow } from "../verdict-row.ts";
import { WAIT } from "./row-bases.ts";

/** Network, API and whatever stands in front of it: none of them says anything about the login. */
export const RUN_SERVICES: readonly VerdictRow[] = [
  {
    ...WAIT,
    id: "network-unavailable",
    symptom: "A job cannot reach the API",
    code: "network_unavailable",
    match: [
      {
        text: [
          "Unable to connect\\b|Connection (refused|error|reset|timed out)|Request timed out",
          "\\bE(CONNREFUSED|CONNRESET|AI_AGAIN|TIMEDOUT|NETUNREACH|HOSTUNREACH|PIPE)\\b|\\bENOTFOUND\\b",
          "ERR_PROXY_TUNNEL|socket hang up|fetch failed",
          "SSL certificate|self[- ]signed certificate|unable to verify the first certificate",
        ],
      },
      { reason: ["connection_failed"] },
    ],
    steps: [
      "Check network and DNS from the job's own environment, not from a terminal.",
      "Behind a proxy, set HTTPS_PROXY for the service and let api.anthropic.com and platform.claude.com through.",
      "Where a proxy opens TLS, point NODE_EXTRA_CA_CERTS at its certificate.",
    ],
    fm: ["FM-25"],
    note: "2.1.216 and 2.1.329 call it a server_error all the same (measured 2026-11).",
    examples: [
      "API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)",
      "API Error: Unable to connect to API (ConnectionRefused)",
      "API Error: Unable to connect to API (ECONNREFUSED)",
    ],
  },
  {
    ...WAIT,
    id: "api-unavailable",
    symptom: "A job ends with a 5xx of the API",
    code: "api_unavailable",
    match: [
      { httpStatus: [500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530] },
      { text: ["API Error: 5\\d\\d\\b"] },
      { category: ["server_error"] },
    ],
    steps: [
      "Start the job again later; https://status.claude.com tells whether others see it too.",
    ],
    fm: ["FM-25"],
    examples: ["API Error: 500 Internal server error"],
  },
  {
    ...WAIT,
    id: "edge-forbidden",
    symptom: "A job ends with 403 and a page, or “Request not allowed”",
    code: "edge_forbidden",
    match: [{ text: ["Request not allowed", "<!DOCTYPE html|<html\\b", "Error 1010"] }],
    steps: [
      "Look for a proxy, VPN, data centre address or unsupported region between the job and the API.",
      "Do not sign in again because of it: the login was not looked at.",
    ],
    fm: ["FM-21"],
    examples: [
      'API Error: 403 {"error":{"type":"forbidden","message":"Request not allowed"}}',
      "API Error: 403 <!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>",
      "API Error: 403 Error 1010 browser_signature_banned",
    ],
    note: "Proxy, VPN, region or reputation. It says nothing about the login, and a refresh would burn a token.",
  },
];
