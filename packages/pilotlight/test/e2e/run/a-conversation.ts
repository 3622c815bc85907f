import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/expectations.ts";
import type { Scene } from "../support/scene.ts";
import type { JobScene } from "./a-job.ts";

/** The arguments of a Claude Code that is talked to over its stdin. */
export const STREAM = "-p --input-format stream-json --output-format stream-json --verbose".split(
  " ",
);

type Job = ReturnType<JobScene["begin"]>;

/** How one turn of a conversation ended. */
interface Turn {
  readonly is_error: boolean;
  readonly result: string;
}

/** A living job that is asked one thing after another. */
export interface Conversation {
  /** Says something, and resolves with the result that comes for it. */
  turn(): Promise<Turn>;
  /** Closes stdin, and resolves when the job has ended. */
  end(): Job["ended"];
}

export function conversation(job: Job): Conversation {
  let isOver = false;
  void job.ended.then(() => (isOver = true));
  let turns = 0;
  return {
    async turn() {
      turns += 1;
      const message = { role: "user", content: [{ type: "text", text: `turn ${turns}` }] };
      job.write(`${JSON.stringify({ type: "user", message })}\n`);
      const isDone = () => isOver || resultsIn(job.stdout()).length >= turns;
      await until(`the answer of turn ${turns}`, isDone);
      const result = resultsIn(job.stdout())[turns - 1];
      if (result === undefined) throw new Error(`no answer: ${(await job.ended).stderr}`);
      return result;
    },
    end() {
      job.close();
      return job.ended;
    },
  };
}

function resultsIn(stdout: string): readonly Turn[] {
  const whole = stdout.split("\n").slice(0, -1);
  return whole
    .filter((line) => line.includes('"type":"result"'))
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "result");
}

/** The access token that a job in `state` finds: its projection's where it has one, otherwise the store's. */
export function tokenAtHand({ state, file }: Pick<Scene, "state" | "file">): string {
  const folder = join(state, "projections");
  const [name] = existsSync(folder) ? readdirSync(folder) : [];
  const path = name === undefined ? file : join(folder, name, ".credentials.json");
  return JSON.parse(readFileSync(path, "utf8")).claudeAiOauth.accessToken;
}

/** As a sign-in does: a new file in the place of the old. */
export function replaceStore({ file }: Scene, document: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(document), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Lets time pass for the stored token: nine minutes are left, too few for `run`, enough for Claude Code. */
export function age(scene: Scene): void {
  const { claudeAiOauth, ...siblings } = scene.document();
  const expiresAt = Date.now() + 9 * 60_000;
  replaceStore(scene, { ...siblings, claudeAiOauth: { ...claudeAiOauth, expiresAt } });
}
