import { printDuration } from "../../../core/duration.ts";
import type { LoginHealth } from "../../../core/health.ts";
import type { HistoryRow } from "../../keep-view.ts";
import { type LaneShape, laneShape } from "../facts/lane-shape.ts";
import { parseTime } from "../facts/print-time.ts";
import { el, put, say } from "./element.ts";
import { lane, type LaneScale } from "./lane.ts";
import { moment, setMoment } from "./moment.ts";

export interface LoginRow {
  readonly element: HTMLLIElement;
  set(login: LoginHealth, rows: readonly HistoryRow[], now: number): void;
  draw(scale: LaneScale): void;
}

/** A login as a lane: its name and health, its time line, and its countdowns. */
export function loginRow(name: string): LoginRow {
  const health = el("span", { class: "health" });
  const note = el("span", { class: "note" });
  const { element: drawing, draw } = lane();
  const token = fact("token ends");
  const end = fact("login ends");
  const proof = fact("proof");
  const meter = el("span", { class: "meter", "aria-hidden": "true" }, el("span"));
  end.element.append(meter);
  const element = el(
    "li",
    { class: "login" },
    el(
      "div",
      { class: "id" },
      el("a", { href: `/logins/${encodeURIComponent(name)}` }, name),
      health,
      note,
    ),
    drawing,
    el("dl", { class: "facts" }, token.element, end.element, proof.element),
  );
  let shape: LaneShape | null = null;
  let label = "";
  return {
    element,
    set(login, rows, now) {
      put(element, "data-tone", login.health);
      say(health, login.health);
      say(note, noteOf(login));
      token.set(parseTime(login.expiresAt), now);
      end.set(parseTime(login.loginEndsAt), now);
      setProof(proof, login, now);
      setMeter(meter, parseTime(login.loginEndsAt), now);
      shape = laneShape(login, rows, now);
      label = labelOf(login, shape, now);
    },
    draw(scale) {
      if (shape !== null) draw(shape, scale, label);
    },
  };
}

function fact(name: string) {
  const word = el("span", { class: "word" });
  const time = moment("countdown");
  const element = el("div", {}, el("dt", {}, name), el("dd", {}, word, time));
  return { element, word, time, set: (at: number | null, now: number) => setMoment(time, at, now) };
}

/** What the server is known to have said, and when. */
function setProof(
  { element, word, time }: ReturnType<typeof fact>,
  { proof }: LoginHealth,
  now: number,
): void {
  put(time, "data-style", "age");
  put(element, "data-proof", proof.state);
  say(word, `${proof.state} `);
  time.hidden = proof.at === null;
  setMoment(time, parseTime(proof.at), now);
}

/** A sign-in holds for about a month. */
const MONTH = 30 * 86_400_000;

function setMeter(meter: HTMLElement, end: number | null, now: number): void {
  const left = end === null ? 0 : Math.min(1, Math.max(0, (end - now) / MONTH));
  meter.hidden = end === null;
  put(meter, "data-low", left < 2 / 30 ? "very" : left < 7 / 30 ? "yes" : "no");
  meter.style.setProperty("--left", `${(left * 100).toFixed(1)}%`);
}

function noteOf({ activity, journal, trouble, phase }: LoginHealth): string {
  if (activity === "refreshing") return "renewing now";
  if (trouble !== null) {
    const times = trouble.failures === 1 ? "" : ` ×${trouble.failures}`;
    return `${trouble.code.replaceAll("_", " ")}${times}`;
  }
  if (journal === "in_doubt") return "in doubt";
  return activity === "standby" ? `${phase}, another keeper renews` : phase;
}

function labelOf({ name, loginEndsAt }: LoginHealth, shape: LaneShape, now: number): string {
  const { renewals, failures, failedJobs, ahead } = shape;
  const token =
    ahead === null
      ? "no access token lives"
      : `the access token ends in ${printDuration(ahead[1] - now)}`;
  const end = parseTime(loginEndsAt);
  const login =
    end === null
      ? ""
      : `, the login ${end > now ? "ends in" : "was to end, ago"} ${printDuration(end - now)}`;
  return `${name}: ${renewals.length} renewals, ${failures.length} failures, ${failedJobs.length} failed jobs; ${token}${login}`;
}
