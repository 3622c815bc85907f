import type { DrillNote } from "../../drill-note.ts";
import { parseTime } from "../facts/print-time.ts";
import type { TimeLine } from "./time-line.ts";

/** Of the night, before and after it: room for the first mark and for what the last token has still to live. */
const ROOM = { before: 0.02, after: 0.1 };

/** Shows a drill's whole night on a time line, along which it then goes. */
export function offerNight(line: TimeLine, drill: DrillNote | undefined): void {
  const [from, to] = [parseTime(drill?.startsAt ?? null), parseTime(drill?.endsAt ?? null)];
  if (from === null || to === null) return;
  const length = to - from;
  line.offer("the night", from - ROOM.before * length, to + ROOM.after * length);
}
