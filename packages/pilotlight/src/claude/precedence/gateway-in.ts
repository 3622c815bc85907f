import type { Environment } from "../locations.ts";

/** Where requests go instead of to Anthropic; `null` where they go there. */
export function gatewayIn(env: Environment): string | null {
  const url = (env["ANTHROPIC_BASE_URL"] ?? "").trim();
  return url === "" || /^https:\/\/api\.anthropic\.com\/?$/.test(url) ? null : url;
}
