import type { KeepEvent } from "../../keeper/keep-parts.ts";

/** Passes on each trouble when it begins and when its kind changes, not at every try; and everything else. */
export function newTroubles(tell: (event: KeepEvent) => void): (event: KeepEvent) => void {
  const told = new Map<string, string>();
  return (event) => {
    if (event.kind === "failed") {
      if (told.get(event.login) === event.code) return;
      told.set(event.login, event.code);
    }
    if (event.kind === "recovered") told.delete(event.login);
    tell(event);
  };
}
