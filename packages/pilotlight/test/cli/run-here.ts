import { run } from "../../src/cli/run.ts";

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process, with `env` for its environment and no TTY. */
export async function runHere(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ran> {
  let [out, err] = ["", ""];
  const exit = await run(argv, {
    env,
    isTty: false,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { exit, out, err };
}
