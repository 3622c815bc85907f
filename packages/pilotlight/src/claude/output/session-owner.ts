import type { Fields } from "../../core/json-object.ts";
import { blocksOf, objectAt, textAt } from "./message-events.ts";

/** What a session file tells of the run that wrote it. */
export interface Owner {
  /** False where it holds anything older than the run. */
  isNew: boolean;
  /** The first working directory since the run began. */
  cwd: string | null;
  /** What the model was asked since then, before it spoke. */
  readonly asked: string[];
  hasSpoken: boolean;
}

export function nothingKnown(isNew: boolean): Owner {
  return { isNew, cwd: null, asked: [], hasSpoken: false };
}

/** Takes in a line of the file; `isEarlier`: it was written before the run. */
export function note(owner: Owner, event: Fields, isEarlier: boolean): void {
  const type = event["type"];
  if (isEarlier) {
    if (type === "user" || type === "assistant") owner.isNew = false;
    return;
  }
  owner.cwd ??= textAt(event, "cwd");
  if (owner.hasSpoken) return;
  // A command of the user's own stands there as it was typed; in the message it is taken apart.
  const typed = type === "queue-operation" ? textAt(event, "content") : null;
  if (typed !== null) owner.asked.push(typed);
  if (type === "user") {
    const texts = (blocksOf(event) ?? []).map((block) => textAt(block, "text"));
    owner.asked.push(...texts.filter((text) => text !== null));
  }
  const isSynthetic = objectAt(event, "message")?.["model"] === "<synthetic>";
  if (type === "assistant" && !isSynthetic) owner.hasSpoken = true;
}
