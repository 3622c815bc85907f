import { isIP } from "node:net";

/** Where a server listens. */
export interface Address {
  /** A name or address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The address as a URL's beginning. */
export function urlOf({ host, port }: Address): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine can reach what listens there: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (bare === "localhost" || bare === "::1" || bare === "0:0:0:0:0:0:0:1") return true;
  const four = bare.replace(/^::ffff:/, "");
  return isIP(four) === 4 && four.startsWith("127.");
}

/**
 * Whether a server at `address` may answer to `host` (the Host header). A page whose name is made to lead here
 * (DNS rebinding) brings its own name along: a name must be known, while an address cannot be made to lead elsewhere.
 * @param extra further names, with any port unless they say one: `keep.example`, `keep.example:8443`
 */
export function isAllowedHost(host: string, address: Address, extra: readonly string[]): boolean {
  const asked = splitHost(host);
  if (asked === null) return false;
  const isNamed = extra.some((one) => {
    const allowed = splitHost(one);
    const isPort = /:\d+$/.test(one) ? allowed?.port === asked.port : true;
    return allowed?.name === asked.name && isPort;
  });
  if (isNamed) return true;
  if (isLoopback(address.host)) return isLoopback(asked.name) && asked.port === address.port;
  if (isIP(asked.name) !== 0) return true;
  const isOurs = asked.name === "localhost" || asked.name === address.host.toLowerCase();
  return isOurs && asked.port === address.port;
}

function splitHost(host: string): { readonly name: string; readonly port: number } | null {
  const [, bracketed, plain, port = "80"] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(host) ?? [];
  const name = bracketed ?? plain;
  return name === undefined ? null : { name: name.toLowerCase(), port: Number(port) };
}
