import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { isLoopback, urlOf } from "../../http/allowed-host.ts";
import { keepFace } from "../../http/keep-face.ts";
import type { KeepView } from "../../http/keep-view.ts";
import { serveKeep } from "../../http/serve-keep.ts";
import type { DrillReport } from "../../sandbox/drill/drill.ts";
import type { Onlooker } from "../../sandbox/drill/onlooker.ts";
import type { Io } from "../io.ts";
import { type ListenAddress, listenAddress } from "../settings-table.ts";
import { audience } from "./audience.ts";
import { drillView } from "./drill-view.ts";
import { drillOnlooker } from "./drill-onlooker.ts";

/** A drill that can be looked at in a browser. */
export interface Watch {
  readonly onlooker: Onlooker;
  /** Shows how it ended, and stays for whoever reads: until `signal` aborts, for 10 minutes at most. */
  over(report: DrillReport): Promise<void>;
  close(): Promise<void>;
}

export interface WatchFlags {
  readonly json?: boolean;
  readonly listen?: string;
}

/** ms. */
const TIMES = {
  /** For the first page to open. */
  wait: 30_000,
  /** Between two words to a page. */
  tell: 300,
  /** After the end. */
  stay: 600_000,
} as const;

/**
 * Serves the status page, says where, and on a terminal waits for somebody to open it.
 * @throws PilotlightError `usage` for an address that others could reach, or that cannot be had
 */
export async function watchNight(
  { listen, json }: WatchFlags,
  io: Io,
  signal: AbortSignal,
): Promise<Watch> {
  const isWaitedFor = io.isTty && json !== true;
  const pages = audience();
  const shown = drillView(pages);
  const { url, close } = await serve(shown.view, placeIn(listen));
  (json === true ? io.err : io.out)(`The night on the status page: ${url}/\n`);
  if (isWaitedFor) {
    io.err(`It begins when somebody opens it, in ${TIMES.wait / 1000} s at the latest.\n`);
    await pages.come(TIMES.wait, signal);
  }
  return {
    onlooker: drillOnlooker(shown, signal),
    close,
    async over({ builds }) {
      const [build] = builds;
      if (build === undefined) return;
      const { succeeded, silentFailures, lostLogins } = build.without;
      shown.say({ state: "over", without: { succeeded, silentFailures, lostLogins } });
      if (!isWaitedFor) return pages.leave(TIMES.stay, signal);
      io.err(`The page stays until Ctrl-C, for ${TIMES.stay / 60_000} minutes at most.\n`);
      await sleep(TIMES.stay, undefined, { signal }).catch(() => undefined);
    },
  };
}

/** @throws PilotlightError `usage` */
function placeIn(listen: string | undefined): ListenAddress {
  if (listen === undefined) return { host: "127.0.0.1", port: 0 };
  const place = listenAddress(listen);
  if (place == null)
    throw new PilotlightError("usage", `--listen ${listen} is no address such as 127.0.0.1:7460`);
  if (isLoopback(place.host)) return place;
  throw new PilotlightError(
    "usage",
    `--listen ${listen}: a drill is shown on this machine only, as on 127.0.0.1`,
  );
}

/** @throws PilotlightError `usage` where the address cannot be had */
async function serve(view: KeepView, place: ListenAddress) {
  const closing = new AbortController();
  let { port } = place;
  const face = keepFace(view, {
    address: () => ({ host: place.host, port }),
    token: null,
    signal: closing.signal,
    events: { pause: TIMES.tell },
  });
  const serving = await serveKeep(face, place).catch((error: unknown) => {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const where = urlOf(place);
    const isTaken = errno === "EADDRINUSE";
    const why = isTaken ? `another program listens on ${where}` : `${where}: ${String(error)}`;
    throw new PilotlightError("usage", `--listen: ${why}`);
  });
  ({ port } = serving);
  return {
    url: urlOf({ ...place, port }),
    close: () => {
      closing.abort();
      return serving.close();
    },
  };
}
