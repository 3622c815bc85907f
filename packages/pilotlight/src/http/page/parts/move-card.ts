import type { Mover } from "../../../core/errors.ts";
import type { LoginHealth } from "../../../core/health.ts";
import { copyCommand } from "./copy-command.ts";
import { el, put, say } from "./element.ts";

const MOVES: Readonly<Record<Mover, string>> = {
  person: "Your move",
  admin: "An administrator's move",
  pilotlight: "Pilotlight's move",
  wait: "Nobody's move: it can pass by itself",
  nobody: "Nothing to do",
};

export interface MoveCard {
  readonly element: HTMLElement;
  /** Shows the one next step; hides itself where there is none. @param isTyped whether it says what to type */
  set(login: LoginHealth | null, isTyped?: boolean): void;
}

/** Whose move it is, why, and what to type. @param isNamed whether it says and links the login */
export function moveCard(tag: "li" | "div", isNamed: boolean): MoveCard {
  const whose = el("p", { class: "whose" });
  const link = el("a");
  const name = el("h3", {}, link);
  const message = el("p");
  const { element: command, set } = copyCommand();
  const element = el(tag, { class: "move" }, isNamed ? name : null, whose, message, command);
  return {
    element,
    set(login, isTyped = true) {
      const action = login?.action ?? null;
      element.hidden = action === null;
      if (login === null || action === null) return;
      put(element, "data-tone", login.health);
      say(whose, MOVES[action.by]);
      say(link, login.name);
      put(link, "href", `/logins/${encodeURIComponent(login.name)}`);
      say(message, sentenceOf(action.message));
      set(isTyped ? action.command : null);
    },
  };
}

/** Messages begin small, as the tables have them. */
function sentenceOf(text: string): string {
  const whole = text.startsWith("/") ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
