import type { LoginHealth } from "../../../core/health.ts";
import type { Ledger } from "../live/ledger.ts";
import { axis } from "./axis.ts";
import { el, put } from "./element.ts";
import type { LaneScale } from "./lane.ts";
import { type LoginRow, loginRow } from "./login-row.ts";

export interface TimeLine {
  readonly element: HTMLElement;
  /** Draws what has changed, and everything once time has moved by a pixel. */
  set(logins: readonly LoginHealth[], ledger: Ledger, now: number): void;
  /** How much of the past is shown (ms). */
  span(): number;
}

const HOUR = 3_600_000;
const SPANS = { "24 h": 24 * HOUR, "7 days": 168 * HOUR, "30 days": 720 * HOUR } as const;
/** As much of the future beside so much past; the end of a login comes into view in time. */
const FUTURE = 0.5;

/** Every login as a lane on one scale of time. @param reached called when more of the past is wanted (ms) */
export function timeLine(first: keyof typeof SPANS, reached: (span: number) => void): TimeLine {
  let span: number = SPANS[first];
  let redraw = () => {};
  const scaleRow = axis();
  const list = el("ol", { class: "lanes" });
  const choice = spanChoice(span, (next) => {
    span = next;
    redraw();
    reached(next);
  });
  const rows = new Map<string, LoginRow & { seen: string }>();
  const head = el(
    "div",
    { class: "login axis-row", "aria-hidden": "true" },
    el("div"),
    scaleRow.element,
    el("div"),
  );
  const element = el("div", { class: "time-line" }, choice, head, list, legend());
  let width = 0;
  let drawn = "";
  const set: TimeLine["set"] = (logins, ledger, now) => {
    redraw = () => set(logins, ledger, now);
    const changed = logins.map((login) => {
      const row = rows.get(login.name) ?? { ...loginRow(login.name), seen: "" };
      rows.set(login.name, row);
      const events = ledger.byLogin.get(login.name) ?? [];
      const seen = `${ledger.version} ${JSON.stringify(login)}`;
      if (row.seen === seen) return false;
      row.seen = seen;
      row.set(login, events, now);
      return true;
    });
    arrange(
      list,
      logins.map(({ name }) => rows.get(name)?.element ?? null),
    );
    const pixel = (span * (1 + FUTURE)) / Math.max(1, width);
    const moved = `${width} ${span} ${Math.floor(now / Math.max(pixel, 10_000))}`;
    const scale: LaneScale = { from: now - span, to: now + span * FUTURE, now, width };
    if (width === 0) return;
    if (moved !== drawn) scaleRow.draw(scale);
    for (const [index, { name }] of logins.entries()) {
      if (moved !== drawn || changed[index] === true) rows.get(name)?.draw(scale);
    }
    drawn = moved;
  };
  new ResizeObserver(() => {
    width = Math.round(scaleRow.element.getBoundingClientRect().width);
    redraw();
  }).observe(scaleRow.element);
  return { element, set, span: () => span };
}

/** Puts the rows in order, and takes away those that are no more. */
function arrange(list: HTMLElement, elements: readonly (HTMLElement | null)[]): void {
  const present = [...list.children];
  const isSame =
    present.length === elements.length && elements.every((row, index) => row === present[index]);
  if (!isSame) list.replaceChildren(...elements.filter((row) => row !== null));
}

function spanChoice(first: number, chosen: (span: number) => void): HTMLElement {
  const buttons = Object.entries(SPANS).map(([name, span]) => {
    const button = el("button", { type: "button", "aria-pressed": String(span === first) }, name);
    button.addEventListener("click", () => {
      for (const other of buttons) put(other, "aria-pressed", String(other === button));
      chosen(span);
    });
    return button;
  });
  return el(
    "div",
    { class: "spans", role: "group", "aria-label": "How much of the past" },
    ...buttons,
  );
}

function legend(): HTMLElement {
  const items = {
    life: "access token lives",
    ahead: "has still to live",
    renewal: "renewed",
    failure: "failed",
    next: "next try",
    job: "jobs",
    end: "the login ends",
  };
  const marks = Object.entries(items).map(([mark, name]) => el("li", { "data-mark": mark }, name));
  return el(
    "ul",
    { class: "legend lane-legend", "aria-label": "Marks on the time line" },
    ...marks,
  );
}
