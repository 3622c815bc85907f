import { el } from "./element.ts";

const voice = el("p", { class: "unseen", role: "status", "aria-live": "polite" });

/** Where screen readers hear of changes. */
export function announcer(): HTMLElement {
  return voice;
}

export function announce(text: string): void {
  voice.textContent = text;
}
