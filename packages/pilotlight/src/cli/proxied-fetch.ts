import type { Environment } from "../claude/locations.ts";

/**
 * A `fetch` that goes through the proxies of the given environment, not of this process's own.
 * @param options.isPatient waits for ever: a grant is never given up, its driver only stops waiting
 */
export function proxiedFetch(
  env: Environment,
  { isPatient }: { readonly isPatient: boolean },
): typeof fetch {
  const named = (name: string) => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxies = {
    httpProxy: named("HTTP_PROXY"),
    httpsProxy: named("HTTPS_PROXY"),
    noProxy: named("NO_PROXY"),
  };
  return async (url, init) => {
    // undici's own fetch, with its own dispatcher: Node's built-in one takes no foreign agent.
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    const timeouts = isPatient ? { headersTimeout: 0, bodyTimeout: 0 } : {};
    const dispatcher = new EnvHttpProxyAgent({ ...proxies, ...timeouts });
    return fetch(url as string, { ...init, dispatcher } as never);
  };
}
