import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentialsFile } from "../../../claude/credentials-file.ts";
import { type Credential, pairOf } from "../../../core/credential.ts";
import type { JobEnded, RunningJob } from "../job-process.ts";
import type { World } from "../world.ts";
import type { Act, Facts, LoginChange } from "./acts.ts";
import { deviations } from "./deviations.ts";
import { personAt, type Tell } from "./person.ts";

/** One thing that happened in an act. */
interface Step {
  readonly step: string;
  readonly said: string;
}

/** An act that is over. */
export interface PlayedAct extends Facts {
  readonly part: Act["part"];
  readonly what: string;
  readonly steps: readonly Step[];
  /** How it differs from how it must end; empty where it does not. */
  readonly deviations: readonly string[];
}

const DAY = 86_400_000;
const POLL = 20;
const SAID = 240;
/** ms that a code's redemption takes where Pilotlight is to be killed meanwhile: any number of looks, and no patience. */
const SLOW = 1500;
const LINK = /"event":"link","url":"([^"]+)"/;

let codes = 0;

/** Plays one act in a world. `tell` hears of each step as it happens. */
export async function playAct(
  world: World,
  act: Act,
  pilotlight: readonly string[],
  tell: Tell,
): Promise<PlayedAct> {
  const { sandbox } = world;
  const steps: Step[] = [];
  const noted: Tell = (step, said) => {
    steps.push({ step, said });
    tell(step, said);
  };
  if (act.passes !== undefined) await world.pass(act.passes * DAY);
  const before = storedLogin(world);
  const from = sandbox.requests().length;
  if (act.isKilled === true)
    sandbox.fault({ name: "token-slow", times: 1, delayMs: SLOW, rotateAt: "start" });
  codes += 1;
  const file = join(world.places.home, `code-${codes}`);
  const codeFrom = act.args[0] === "login" ? ["--code-from", file] : [];
  const job = world.start([...pilotlight, ...act.args, ...codeFrom]);
  const { asksPerson, trouble } = await meanwhile({ world, act, job, file, tell: noted });
  const ended = await job.ended;
  // What a kill left behind ends by itself.
  await world.quiet();
  sandbox.clearFaults();
  const requests = sandbox.requests().slice(from);
  const now = storedLogin(world);
  const seen: Facts = {
    exit: ended.exit,
    ...announcedBy(ended),
    login: changeOf(before, now),
    daysLeft: Math.round(((now.credential?.loginEndsAt ?? 0) - Date.now()) / DAY),
    asksPerson,
    codesSent: requests.filter(({ grantType }) => grantType === "authorization_code").length,
    isProved: requests.some(({ path, status }) => path === "/v1/messages" && status === 200),
  };
  if (seen.isProved) noted("proof", "the server answers a request with the new login");
  noted("end", endOf(ended, seen));
  const { part, what, ends } = act;
  const pages = trouble === null ? [] : [`the page: ${trouble}`];
  return { part, what, ...seen, steps, deviations: [...pages, ...deviations(seen, ends)] };
}

interface Meanwhile {
  readonly world: World;
  readonly act: Act;
  readonly job: RunningJob;
  readonly file: string;
  readonly tell: Tell;
}

/** What came of the person's part. */
interface Visit {
  /** There was a link. */
  readonly asksPerson: boolean;
  /** What was wrong with it, or with the pages it leads to. */
  readonly trouble: string | null;
}

/** Waits for the link, plays the person and hands in what is pasted. */
async function meanwhile({ world, act, job, file, tell }: Meanwhile): Promise<Visit> {
  const { sandbox } = world;
  const { codes: redeemed } = sandbox.grants();
  let isOver = false;
  void job.ended.then(() => (isOver = true));
  const shown = () => LINK.exec(job.printed())?.[1];
  while (!isOver && act.args[0] === "login" && shown() === undefined) await sleep(POLL);
  const link = shown();
  if (link === undefined) return { asksPerson: false, trouble: null };
  try {
    const place = sandbox.authorizeUrl(link);
    tell("link", `${place.slice(0, place.indexOf("?"))}?…`);
    const pasted = (await act.person?.(personAt(place, tell), sandbox)) ?? null;
    if (pasted !== null) writeFileSync(file, pasted, { mode: 0o600 });
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    // Whoever waits for a code is not to wait for ever.
    writeFileSync(file, "none", { mode: 0o600 });
    return { asksPerson: true, trouble };
  }
  if (act.isKilled === true) await killInExchange();
  return { asksPerson: true, trouble: null };

  async function killInExchange(): Promise<void> {
    while (!isOver && sandbox.grants().codes === redeemed) await sleep(POLL);
    job.kill();
  }
}

interface StoredLogin {
  readonly text: string;
  readonly credential: Credential | null;
  /** The server would renew it. */
  readonly isRenewable: boolean;
  /** The server takes its access token. */
  readonly isUsable: boolean;
}

function storedLogin({ sandbox, places }: World): StoredLogin {
  const text = readFileSync(places.file, "utf8");
  const entry = credentialsFile.parse(text);
  const credential = entry.state === "present" ? entry.credential : null;
  const pair = credential === null ? null : pairOf(credential);
  const known = sandbox.logins().find(({ refreshToken }) => refreshToken === pair?.refresh);
  const isRenewable = known?.state === "live";
  const isUsable = known?.access === "live" && known.accessToken === pair?.access;
  return { text, credential, isRenewable, isUsable };
}

function changeOf(before: StoredLogin, now: StoredLogin): LoginChange {
  if (!now.isRenewable) return "lost";
  if (now.text === before.text) return "untouched";
  if (!now.isUsable) return "lost";
  const later = (now.credential?.loginEndsAt ?? 0) - (before.credential?.loginEndsAt ?? 0);
  if (Math.abs(later) < 1000) return "refreshed";
  return later > 0 ? "renewed" : "lost";
}

/** What an error or an announcement names, in the one line on stderr or in the object on stdout. */
function announcedBy({ stdout, stderr }: JobEnded): Pick<Facts, "code" | "command"> {
  const failure = /^pilotlight: (\w+): .*$/m.exec(stderr);
  if (failure !== null) {
    const [line, code = null] = failure;
    return { code, command: /\(\$ ([^)]+)\)/.exec(line)?.[1] ?? null };
  }
  const [login] = loginsIn(stdout);
  const { code = null, command = null } = login?.action ?? login ?? {};
  return { code, command };
}

interface Announcement {
  readonly code?: string | null;
  readonly command?: string | null;
}

/** `check` says it of the login itself, `status` in its action. */
function loginsIn(
  stdout: string,
): readonly (Announcement & { readonly action?: Announcement | null })[] {
  try {
    const { logins = [] } = JSON.parse(stdout) as { logins?: ReturnType<typeof loginsIn> };
    return logins;
  } catch {
    return [];
  }
}

function endOf(
  { exit, stderr, isHung }: JobEnded,
  { code, command, login, daysLeft }: Facts,
): string {
  if (isHung) return "it had not ended after 2 minutes";
  const failure = /^pilotlight: .*$/m.exec(stderr)?.[0];
  if (failure !== undefined)
    return failure.length <= SAID ? failure : `${failure.slice(0, SAID - 1)}…`;
  const said = code === null ? `exit ${exit ?? "by a signal"}` : `${code} ($ ${command})`;
  return `${said}; the login is ${login} and ends in ${daysLeft} days`;
}
