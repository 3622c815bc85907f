/** Something that happens while a context is made. */
export type Step =
  | { readonly phase: "idle" | "asked" | "done" }
  | { readonly phase: "failed"; readonly code: string }
  | { readonly phase: "waiting"; readonly code: string; readonly inMs: number }
  | {
      readonly phase: "reading";
      readonly question: number;
      readonly messages: number;
      readonly new: number;
      readonly hot: number;
      readonly facts: number;
    }
  | {
      readonly phase: "stored";
      readonly added: number;
      readonly updated: number;
      readonly withdrawn: number;
      readonly duplicates: number;
      readonly rejected: number;
    };

export type Tell = (step: Step) => void;

/** Who wants to know how far the context of an entity is. */
export interface ProgressBoard {
  /** Where it stands. */
  now(entityId: string): Step;
  tell(entityId: string, step: Step): void;
  /** @returns what ends it; `null` where there are too many listeners */
  listen(entityId: string, hear: Tell): (() => void) | null;
}

export function progressBoard(mostListeners: number): ProgressBoard {
  const steps = new Map<string, Step>();
  const listeners = new Map<string, Set<Tell>>();
  let count = 0;
  return {
    now: (entityId) => steps.get(entityId) ?? { phase: "idle" },
    tell(entityId, step) {
      const isOver = step.phase === "done" || step.phase === "failed";
      if (isOver) steps.delete(entityId);
      else steps.set(entityId, step);
      for (const hear of listeners.get(entityId) ?? []) hear(step);
    },
    listen(entityId, hear) {
      if (count >= mostListeners) return null;
      count += 1;
      const all = listeners.get(entityId) ?? new Set();
      listeners.set(entityId, all.add(hear));
      return () => {
        if (!all.delete(hear)) return;
        count -= 1;
        if (all.size === 0) listeners.delete(entityId);
      };
    },
  };
}
