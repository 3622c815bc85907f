import type { Readable, Writable } from "node:stream";
import { PilotlightError } from "../core/errors.ts";
import { boundedBytes } from "./bounded-bytes.ts";

/** A standard input that can be given to a second child from its first byte. */
export interface RecordedInput {
  /** False for good once more than the limit was read. */
  readonly isReplayable: boolean;
  /**
   * Feeds `target` what was read before and then what comes, no faster than it reads; ends it where the
   * source ends. A target that closes early is no error: reading stops there, and nothing is lost.
   * @returns stops feeding.
   * @throws PilotlightError `bug` for a second target when the input is not replayable.
   */
  feed(target: Writable): () => void;
}

const LIMIT = 10 * 1024 * 1024;
const ENDS = ["end", "error", "close"] as const;

/** @param limit in bytes; 10 MiB unless told */
export function recordedInput(source: Readable, limit: number = LIMIT): RecordedInput {
  const record = boundedBytes(limit);
  let isOver = false;
  let feeds = 0;
  const over = (): void => {
    isOver = true;
  };
  // An input that cannot be read on, such as a directory, ends there.
  for (const event of ENDS) source.on(event, over);

  return {
    get isReplayable() {
      return record.isComplete;
    },
    feed(target) {
      if (feeds > 0 && !record.isComplete) {
        throw new PilotlightError("bug", "the input is longer than what was recorded of it");
      }
      feeds += 1;
      const keep = (chunk: Buffer): void => {
        record.add(chunk);
        if (!record.isComplete) record.forget();
      };
      return feedFrom(source, target, [...record.chunks], { isOver: () => isOver, keep });
    },
  };
}

interface Reading {
  isOver(): boolean;
  keep(chunk: Buffer): void;
}

function feedFrom(source: Readable, target: Writable, past: Buffer[], reading: Reading) {
  const end = (): void => void target.end();
  const flow = (): void => void source.resume();
  const onData = (chunk: Buffer): void => {
    reading.keep(chunk);
    if (target.write(chunk)) return;
    source.pause();
    target.once("drain", flow);
  };
  const live = (): void => {
    if (reading.isOver()) return end();
    source.on("data", onData);
    for (const event of ENDS) source.once(event, end);
    flow();
  };
  const replay = (): void => {
    for (let chunk = past.shift(); chunk !== undefined; chunk = past.shift()) {
      if (!target.write(chunk)) return void target.once("drain", replay);
    }
    live();
  };
  const stop = (): void => {
    source.pause();
    source.removeListener("data", onData);
    for (const event of ENDS) source.removeListener(event, end);
    target.removeListener("drain", flow);
    target.removeListener("drain", replay);
  };
  target.on("error", stop);
  target.once("close", stop);
  replay();
  return stop;
}
