import { rmSync } from "node:fs";
import { join } from "node:path";
import type { JobEnded } from "../job-process.ts";
import type { World } from "../world.ts";
import type { Act, Facts } from "./acts.ts";
import { announcedBy } from "./announced-by.ts";
import { deviations } from "./deviations.ts";
import type { Tell } from "./person.ts";
import { changeOf, storedLogin } from "./stored-login.ts";
import { visit } from "./visit.ts";

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
const SAID = 240;
/** ms between the redemption of a code and its answer where Pilotlight is to be killed: many looks, and no patience. */
const SLOW = 1500;

/** Plays one act in a world. `tell` hears of each step as it happens. */
export async function playAct(
  world: World,
  act: Act,
  pilotlight: readonly string[],
  tell: Tell,
): Promise<PlayedAct> {
  const { sandbox, places } = world;
  const { part, what, args, ends, passes = 0, isKilled = false } = act;
  const steps: Step[] = [];
  const noted: Tell = (step, said) => {
    steps.push({ step, said });
    tell(step, said);
  };
  await world.pass(passes * DAY);
  const before = storedLogin(places.file, sandbox);
  const from = sandbox.requests().length;
  if (isKilled) sandbox.fault({ name: "token-slow", times: 1, delayMs: SLOW, rotateAt: "start" });
  const codeFile = join(places.home, "code");
  const codeFrom = args[0] === "login" ? ["--code-from", codeFile] : [];
  const job = world.start([...pilotlight, ...args, ...codeFrom]);
  const { asksPerson, trouble } = await visit({ sandbox, act, job, codeFile, tell: noted });
  const ended = await job.ended;
  // What a kill left behind ends by itself.
  await world.quiet();
  sandbox.clearFaults();
  rmSync(codeFile, { force: true });
  const requests = sandbox.requests().slice(from);
  const now = storedLogin(places.file, sandbox);
  const seen: Facts = {
    exit: ended.exit,
    ...announcedBy(ended),
    login: changeOf(before, now),
    daysLeft: Math.round((now.endsAt - Date.now()) / DAY),
    asksPerson,
    codesSent: requests.filter(({ grantType }) => grantType === "authorization_code").length,
    isProved: requests.some(({ path, status }) => path === "/v1/messages" && status === 200),
  };
  if (seen.isProved) noted("proof", "the server answers a request with the new login");
  noted("end", endOf(ended, seen));
  const pages = trouble === null ? [] : [`the page: ${trouble}`];
  return { part, what, ...seen, steps, deviations: [...pages, ...deviations(seen, ends)] };
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
