import type { Environment } from "../../../claude/locations.ts";
import { access } from "node:fs/promises";
import { loginCheck } from "../doctor-check.ts";
import { type Finding, ok, warning } from "../finding.ts";
import { hostOf, placeIn } from "../variables.ts";
import type { LoginWorld } from "../world.ts";

/** How Claude Code gets out of here. */
export const networkChecks = [
  loginCheck({
    id: "network-settings",
    title: "proxy and CA settings reach Claude Code and lead somewhere",
    fm: ["FM-21", "FM-25"],
    gather: networkSettings,
    judge: judgeNetwork,
  }),
];

const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
const CERTIFICATES = ["NODE_EXTRA_CA_CERTS", "CLAUDE_CODE_CLIENT_CERT", "SSL_CERT_FILE"];
const OTHERS = ["NO_PROXY", "no_proxy", "CLAUDE_CODE_CERT_STORE"];

/** One variable by which Claude Code gets out. */
export interface NetworkSetting {
  readonly place: string;
  /** Host of a proxy, path of a file; never a user or password. */
  readonly shown: string;
  readonly trouble: string | null;
}

export async function networkSettings({
  settings,
  machine,
}: LoginWorld): Promise<NetworkSetting[]> {
  const env: Environment = { ...machine.env, ...settings.env };
  const placeOf = placeIn(settings.origins);
  const found: NetworkSetting[] = [];
  for (const name of [...PROXIES, ...CERTIFICATES, ...OTHERS]) {
    const value = env[name] ?? "";
    if (value === "") continue;
    const isProxy = PROXIES.includes(name);
    const isFile = CERTIFICATES.includes(name);
    found.push({
      place: placeOf(name),
      shown: isProxy ? hostOf(value) : value,
      trouble: isProxy ? proxyTrouble(value) : isFile ? await fileTrouble(value) : null,
    });
  }
  return found;
}

function judgeNetwork(found: readonly NetworkSetting[]): readonly Finding[] {
  if (found.length === 0) return [ok("none is set: requests go out directly")];
  return found.map(({ place, shown, trouble }) =>
    trouble === null
      ? ok(`${place}: ${shown}`)
      : warning(
          `${place}: ${shown} ${trouble}`,
          "correct it, or unset it where no proxy is needed",
        ),
  );
}

function proxyTrouble(value: string): string | null {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) ? null : "is no http or https URL";
}

async function fileTrouble(path: string): Promise<string | null> {
  return access(path).then(
    () => null,
    () => "cannot be read",
  );
}
