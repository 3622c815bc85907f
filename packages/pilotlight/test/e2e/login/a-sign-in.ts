import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/expectations.ts";
import type { Running } from "../support/pilotlight-process.ts";
import type { Scene } from "../support/scene.ts";

/** A `pilotlight login` that waits for the code of its link. */
export interface SignInProcess {
  readonly running: Running;
  readonly link: string;
  /** The code that a browser would show after the consent. */
  code(): string;
  /** Hands something in through the file that `--code-from` names. */
  give(text: string): void;
}

let count = 0;

/** Starts `pilotlight login` and waits for its link. */
export async function startSignIn(
  scene: Scene,
  {
    args = [],
    env = {},
  }: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<SignInProcess> {
  count += 1;
  const file = join(scene.home.home, `code-${count}`);
  const running = scene.start(["login", "--json", "--code-from", file, ...args], env);
  let isOver = false;
  void running.finished.then(() => (isOver = true));
  const shown = () =>
    running
      .printed()
      .split("\n")
      .find((line) => line.includes('"link"'));
  await until("the link", () => isOver || shown() !== undefined);
  const line = shown();
  if (line === undefined) throw new Error(`login ended: ${running.said()}`);
  const { url } = JSON.parse(line) as { url: string };
  return {
    running,
    link: url,
    code: () => scene.sandbox.issueCode(url),
    give: (text) => writeFileSync(file, text),
  };
}
