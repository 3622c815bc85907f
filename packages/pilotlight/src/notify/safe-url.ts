import { PilotlightError } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";

/** @throws PilotlightError `config_invalid`, without the address, unless it is https or leads to this machine, or plain http is allowed */
export function requireSafeUrl(url: Secret, key: string, allowHttp: boolean): void {
  const parsed = URL.parse(url.reveal());
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new PilotlightError("config_invalid", `${key} is no http or https URL`);
  }
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol === "https:" || isLocal || allowHttp) return;
  const fix = "use https, or set allow_http = true for a network that is yours";
  throw new PilotlightError("config_invalid", `${key} is plain http to another machine; ${fix}`);
}
