import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningJob } from "../job-process.ts";
import type { Sandbox } from "../../start-sandbox.ts";
import type { Act } from "./acts.ts";
import { personAt, type Tell } from "./person.ts";

/** What came of a person's part. */
export interface Visit {
  /** There was a link. */
  readonly asksPerson: boolean;
  /** What was wrong with it, or with the pages it leads to. */
  readonly trouble: string | null;
}

interface VisitOptions {
  readonly sandbox: Sandbox;
  readonly act: Act;
  /** A `pilotlight login` that runs. */
  readonly job: RunningJob;
  /** Where it looks for the code. */
  readonly codeFile: string;
  readonly tell: Tell;
}

/** ms. */
const POLL = 20;
const LINK = /"event":"link","url":"([^"]+)"/;

/** Waits for the link, plays the person, hands in what is pasted, and kills where the act says so. */
export async function visit({ sandbox, act, job, codeFile, tell }: VisitOptions): Promise<Visit> {
  const redeemed = sandbox.grants().codes;
  let isOver = false;
  void job.ended.then(() => (isOver = true));
  const shown = () => LINK.exec(job.printed())?.[1];
  while (!isOver && shown() === undefined) await sleep(POLL);
  const link = shown();
  if (link === undefined) return { asksPerson: false, trouble: null };
  const hand = (text: string) => writeFileSync(codeFile, text, { mode: 0o600 });
  try {
    const place = sandbox.authorizeUrl(link);
    tell("link", `${place.slice(0, place.indexOf("?"))}?…`);
    if (act.person === undefined) throw new Error("nobody was to be asked");
    const pasted = await act.person(personAt(place, tell), sandbox);
    if (pasted !== null) hand(pasted);
  } catch (error) {
    // Whoever waits for a code is not to wait for ever.
    hand("none");
    return { asksPerson: true, trouble: error instanceof Error ? error.message : String(error) };
  }
  if (act.isKilled === true) {
    while (!isOver && sandbox.grants().codes === redeemed) await sleep(POLL);
    job.kill();
  }
  return { asksPerson: true, trouble: null };
}
