import type { Environment } from "../claude/locations.ts";

interface FetchOptions {
  /** Waits for ever: a grant is never given up, its driver only stops waiting. */
  readonly isPatient: boolean;
  /** PEM; those that this process trusts anyway unless given. */
  readonly certificates?: readonly string[];
}

/** A `fetch` that goes through the proxies of the given environment, not of this process's own. */
export function proxiedFetch(env: Environment, options: FetchOptions): typeof fetch {
  const { isPatient, certificates } = options;
  const named = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxies = {
    httpProxy: named("HTTP_PROXY"),
    httpsProxy: named("HTTPS_PROXY"),
    noProxy: named("NO_PROXY"),
  };
  const tls = { ca: [...(certificates ?? [])] };
  const trust = certificates === undefined ? {} : { connect: tls, requestTls: tls, proxyTls: tls };
  return async (url, init) => {
    // undici's own fetch, with its own dispatcher: Node's built-in one takes no foreign agent.
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    const timeouts = isPatient ? { headersTimeout: 0, bodyTimeout: 0 } : {};
    const dispatcher = new EnvHttpProxyAgent({ ...proxies, ...timeouts, ...trust });
    try {
      return await fetch(url as string, { ...init, dispatcher } as never);
    } catch (error) {
      // A proxy that does not answer would keep this process alive, though nobody waits for it any more.
      if (!isPatient) await dispatcher.destroy();
      throw error;
    }
  };
}
