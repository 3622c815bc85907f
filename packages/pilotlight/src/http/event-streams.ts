/** Times are ms. */
export interface EventLimits {
  /** Least time between two reports. */
  readonly pause: number;
  readonly heartbeat: number;
  /** Most listeners at a time. */
  readonly most: number;
}

export const EVENT_LIMITS: EventLimits = { pause: 1000, heartbeat: 15_000, most: 32 };

export interface EventSource {
  /** What is told, as one line. */
  report(): string;
  /** Calls back after every change. @returns what ends that */
  onChange(listener: () => void): () => void;
  /** Told why a report could not be made; the stream that needed it has ended. */
  onError(error: unknown): void;
}

export interface EventStreams {
  /** A stream of `status` events, ended by its reader, by `gone` or with all others; `null` when too many listen. */
  open(gone: AbortSignal): ReadableStream<Uint8Array> | null;
  /** How many listen. */
  count(): number;
}

interface Listener {
  /** Sends at once, or, to a reader that is behind, only the newest once it has caught up. */
  report(): void;
  beat(): void;
  end(): void;
}

/** Server-sent events (WHATWG HTML §9.2). Watches for changes only while somebody listens. @param signal ends all streams */
export function eventStreams(
  source: EventSource,
  limits: EventLimits,
  signal?: AbortSignal,
): EventStreams {
  const listeners = new Set<Listener>();
  const broadcast = throttled(limits.pause, () => {
    for (const listener of listeners) listener.report();
  });
  let unwatch: (() => void) | null = null;
  let heart: NodeJS.Timeout | undefined;
  const watch = () => {
    unwatch = source.onChange(broadcast.ask);
    heart = setInterval(() => {
      for (const listener of listeners) listener.beat();
    }, limits.heartbeat).unref();
  };
  const leave = (listener: Listener) => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    unwatch?.();
    clearInterval(heart);
    broadcast.stop();
  };
  signal?.addEventListener("abort", () => {
    for (const listener of listeners) listener.end();
  });
  return {
    open(gone) {
      if (listeners.size >= limits.most) return null;
      const { stream, listener } = eventStream(source, leave);
      listeners.add(listener);
      if (listeners.size === 1) watch();
      broadcast.sent();
      gone.addEventListener("abort", () => listener.end(), { once: true });
      if (signal?.aborted === true || gone.aborted) listener.end();
      return stream;
    },
    count: () => listeners.size,
  };
}

function eventStream(source: EventSource, leave: (listener: Listener) => void) {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isBehind = false;
  const put = (text: string) => controller?.enqueue(encoder.encode(text));
  const isFull = () => (controller?.desiredSize ?? 0) <= 0;
  const status = () => {
    try {
      put(`event: status\ndata: ${source.report()}\n\n`);
    } catch (error) {
      // Nobody waits for this, so a throw would end the daemon.
      source.onError(error);
      listener.end();
    }
  };
  const listener: Listener = {
    report() {
      isBehind = isFull();
      if (!isBehind) status();
    },
    beat: () => void (isFull() || put(": still here\n\n")),
    end() {
      if (controller === undefined) return;
      controller.close();
      controller = undefined;
      leave(listener);
    },
  };
  const stream = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own;
      put(`retry: 3000\nevent: status\ndata: ${source.report()}\n\n`);
    },
    pull() {
      if (!isBehind) return;
      isBehind = false;
      status();
    },
    cancel() {
      controller = undefined;
      leave(listener);
    },
  });
  return { stream, listener };
}

/** Runs `task` once for any number of requests, and not before `pause` (ms) after the last time. */
function throttled(pause: number, task: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let last = -Infinity;
  const run = () => {
    timer = undefined;
    last = performance.now();
    task();
  };
  return {
    ask(): void {
      timer ??= setTimeout(run, Math.max(0, last + pause - performance.now())).unref();
    },
    sent(): void {
      last = performance.now();
    },
    stop(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
