import { setTimeout } from "node:timers/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { isLoopback, urlOf } from "../../http/allowed-host.ts";
import { keepFace, type RenewFace } from "../../http/keep-face.ts";
import type { KeepView } from "../../http/keep-view.ts";
import { type Serving, serveKeep } from "../../http/serve-keep.ts";
import type { KeepConfig } from "../config.ts";
import { readBearerToken } from "./bearer-token.ts";
import type { Log } from "./keep-log.ts";

/** ms between two tries at a port that another keeper, or another program, has. */
const AGAIN = 5_000;

/** The HTTP face of a daemon, or what waits to become it. */
export interface Listener {
  /** Resolves at the first answer to come: where it listens, or `null` while the port is taken. */
  readonly first: Promise<Serving | null>;
  close(): Promise<void>;
}

/** @throws PilotlightError `config_invalid` for an address beyond this machine that nothing guards */
export async function readToken({ listen, tokenFile }: KeepConfig): Promise<Secret | null> {
  const token = tokenFile === null ? null : await readBearerToken(tokenFile);
  if (listen !== null && token === null && !isLoopback(listen.host)) {
    throw new PilotlightError(
      "config_invalid",
      `keep.listen: ${listen.host} can be reached from elsewhere, so keep.token_file must name a file with a token (mode 0600)`,
    );
  }
  return token;
}

/**
 * Serves a daemon's face. Where the port is taken it says so and tries again: a keeper that stands by takes
 * over the port, too. `first` rejects with `config_invalid` where the address can never be had.
 */
export function listen(
  view: KeepView,
  {
    keep,
    token,
    renew,
    log,
  }: {
    readonly keep: KeepConfig;
    readonly token: Secret | null;
    readonly renew: RenewFace;
    readonly log: Log;
  },
): Listener {
  const closing = new AbortController();
  const place = keep.listen ?? { host: "127.0.0.1", port: 0 };
  let serving: Serving | null = null;
  const face = keepFace(view, {
    address: () => ({ host: place.host, port: serving?.port ?? place.port }),
    token,
    hosts: keep.publicUrl === null ? keep.hosts : [...keep.hosts, new URL(keep.publicUrl).host],
    renew,
    signal: closing.signal,
    onError: (error) => log({ level: "error", code: "bug", message: String(error) }),
  });

  const tryOnce = async (): Promise<boolean> => {
    try {
      serving = await serveKeep(face, place);
      log({ level: "info", message: `listening on ${urlOf({ ...place, port: serving.port })}` });
      return true;
    } catch (error) {
      if (errnoOf(error) === "EADDRINUSE") return false;
      const why = error instanceof Error ? error.message : String(error);
      throw new PilotlightError("config_invalid", `keep.listen: ${why}`);
    }
  };

  const goOn = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await setTimeout(AGAIN, undefined, { signal: closing.signal }).catch(() => undefined);
      if (!closing.signal.aborted && (await tryOnce().catch(() => false))) return;
    }
  };

  let trying: Promise<void> = Promise.resolve();
  const first = tryOnce().then((isServing) => {
    if (isServing) return serving;
    const where = urlOf(place);
    const message = `${where} is taken; health is not served here until it is free`;
    log({ level: "warn", message });
    trying = goOn();
    return null;
  });
  return {
    first,
    async close() {
      closing.abort();
      await trying;
      await serving?.close();
    },
  };
}
