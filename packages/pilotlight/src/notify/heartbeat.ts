import { setTimeout as pause } from "node:timers/promises";

/** What a heartbeat says of a job. */
export type Beat =
  | { readonly kind: "start" }
  | { readonly kind: "success"; readonly durationMs: number }
  | { readonly kind: "failure"; readonly exit: number; readonly code: string };

/** One request to a heartbeat monitor. */
interface BeatRequest {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly body: string | null;
}

/** Tells a monitor elsewhere how a job goes, so that silence shows as well. */
export interface Heartbeat {
  /** Sends one beat after those before it. Never throws. @returns why it did not arrive, or `null`. */
  send(beat: Beat): Promise<string | null>;
}

/** ms for one try; a job's end does not wait for a slow monitor. */
const PATIENCE = 5_000;
const PAUSE = 500;

/**
 * A heartbeat by healthchecks.io's rules (`/start`, the URL itself, `/<exit status>`, joined by `rid`),
 * or, for a path with `/api/push/`, by Uptime Kuma's (`status`, `msg`, `ping`), which knows no start.
 */
export function heartbeat(
  base: URL,
  parts: { readonly fetch: typeof fetch; readonly runId: string },
): Heartbeat {
  let last: Promise<unknown> = Promise.resolve();
  return {
    send(beat) {
      const request = beatRequest(base, beat, parts.runId);
      if (request === null) return Promise.resolve(null);
      const sent = last.then(() => deliver(request, parts.fetch));
      last = sent;
      return sent;
    },
  };
}

/** The request for a beat; `null` where the monitor has no word for it. Pure. */
export function beatRequest(base: URL, beat: Beat, runId: string): BeatRequest | null {
  const url = new URL(base);
  if (url.pathname.includes("/api/push/")) {
    if (beat.kind === "start") return null;
    url.searchParams.set("status", beat.kind === "success" ? "up" : "down");
    url.searchParams.set("msg", beat.kind === "success" ? "OK" : textOf(beat));
    if (beat.kind === "success") url.searchParams.set("ping", String(beat.durationMs));
    return { url, method: "GET", body: null };
  }
  const path = url.pathname.replace(/\/$/, "");
  if (beat.kind === "start") url.pathname = `${path}/start`;
  if (beat.kind === "failure") url.pathname = `${path}/${beat.exit}`;
  url.searchParams.set("rid", runId);
  return { url, method: "POST", body: beat.kind === "failure" ? textOf(beat) : "" };
}

function textOf({ code, exit }: Extract<Beat, { kind: "failure" }>): string {
  return `${code} (exit ${exit})`;
}

async function deliver(request: BeatRequest, send: typeof fetch): Promise<string | null> {
  const first = await attempt(request, send);
  if (first === null) return null;
  await pause(PAUSE);
  return attempt(request, send);
}

async function attempt({ url, method, body }: BeatRequest, send: typeof fetch) {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await send(url, { method, body, signal });
    await answer.body?.cancel();
    return answer.ok ? null : `${url.host} answered ${answer.status}`;
  } catch (error) {
    const { cause, message } = error as Error;
    return `${url.host}: ${cause instanceof Error ? cause.message : message}`;
  }
}
