import type { LoginHealth } from "../../../core/health.ts";
import type { Ledger } from "../live/ledger.ts";
import { axis } from "./axis.ts";
import { el, put, say } from "./element.ts";
import { keyed } from "./keyed.ts";
import type { LaneScale } from "./lane.ts";
import { type LoginRow, loginRow } from "./login-row.ts";

export interface TimeLine {
  readonly element: HTMLElement;
  /** Draws what has changed, and everything once time has moved by a pixel. */
  set(logins: readonly LoginHealth[], ledger: Ledger, now: number): void;
  /** How much of the past is shown (ms). */
  span(): number;
  /** Offers a stretch of time that stands still (epoch ms), and shows it; from the second call on it does nothing. */
  offer(name: string, from: number, to: number): void;
}

const HOUR = 3_600_000;
const SPANS = { "24 h": 24 * HOUR, "7 days": 168 * HOUR, "30 days": 720 * HOUR } as const;
/** How much of the future stands beside so much past: a month shows the end of every login. */
const futureOf = (span: number) => (span > SPANS["7 days"] ? span : span / 2);
/** More often than every ten seconds nothing is seen to move (ms). */
const SECONDS = 10_000;

/** Every login as a lane on one scale of time. @param reached called when more of the past is wanted (ms) */
export function timeLine(first: keyof typeof SPANS, reached: (span: number) => void): TimeLine {
  let span: number = SPANS[first];
  let still: readonly [number, number] | null = null;
  let redraw = () => {};
  let width = 0;
  const scaleRow = axis();
  const choose = (next: number, stretch: typeof still = null) => {
    span = next;
    still = stretch;
    redraw();
    reached(next);
  };
  const choice = spanChoice();
  for (const [name, each] of Object.entries(SPANS))
    choice.add(name, () => choose(each), name === first);
  let isOffered = false;
  const list = el("ol", { class: "lanes" });
  const cut = el("p", { class: "quiet cut" });
  const names = { class: "login axis-row", "aria-hidden": "true" };
  const head = el("div", names, el("div"), scaleRow.element, el("div"));
  const lanes = laneList(list, (scale) => scaleRow.draw(scale));
  new ResizeObserver(() => {
    width = Math.round(scaleRow.element.getBoundingClientRect().width);
    redraw();
  }).observe(scaleRow.element);
  return {
    element: el("div", { class: "time-line" }, choice.element, head, list, cut, legend()),
    set(logins, ledger, now) {
      redraw = () => this.set(logins, ledger, now);
      cut.hidden = !ledger.isCut;
      say(cut, `Only the newest ${ledger.rows.length} events are shown; there are older ones.`);
      const [from, to] = still ?? [now - span, now + futureOf(span)];
      lanes(logins, ledger, { from, to, now, width });
    },
    span: () => span,
    offer(name, from, to) {
      if (isOffered) return;
      isOffered = true;
      const chosen = () => choose(to - from, [from, to]);
      choice.add(name, chosen, true);
      chosen();
    },
  };
}

/** Draws the lanes that changed, and all of them and the scale once time has moved by a pixel. */
function laneList(list: HTMLElement, drawScale: (scale: LaneScale) => void) {
  const rows = keyed<LoginRow & { seen: string }>(list);
  let drawn = "";
  return (logins: readonly LoginHealth[], ledger: Ledger, scale: LaneScale) => {
    const { from, to, now, width } = scale;
    const pixel = Math.max((to - from) / Math.max(1, width), SECONDS);
    const place = `${width} ${to - from} ${Math.floor(now / pixel)}`;
    const hasMoved = place !== drawn;
    if (width > 0) drawn = place;
    if (width > 0 && hasMoved) drawScale(scale);
    const keys = logins.map(({ name }) => name);
    for (const [index, row] of rows(keys, (name) => ({ ...loginRow(name), seen: "" })).entries()) {
      const login = logins[index];
      if (login === undefined) continue;
      const seen = `${ledger.version} ${JSON.stringify(login)}`;
      const hasChanged = row.seen !== seen;
      row.seen = seen;
      if (hasChanged) row.set(login, ledger.byLogin.get(login.name) ?? [], now);
      if (width > 0 && (hasChanged || hasMoved)) row.draw(scale);
    }
  };
}

/** Buttons of which one is pressed. */
function spanChoice() {
  const label = "How much of the past";
  const element = el("div", { class: "spans", role: "group", "aria-label": label });
  const press = (pressed: Element) => {
    for (const button of element.children) put(button, "aria-pressed", String(button === pressed));
  };
  return {
    element,
    add(name: string, chosen: () => void, isPressed: boolean) {
      const button = el("button", { type: "button", "aria-pressed": "false" }, name);
      button.addEventListener("click", () => {
        press(button);
        chosen();
      });
      element.append(button);
      if (isPressed) press(button);
    },
  };
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
