import { once } from "node:events";
import { PilotlightError } from "../../core/errors.ts";
import { parseDuration } from "../../core/duration.ts";
import type { Io } from "../io.ts";

export interface SandboxFlags {
  readonly json?: boolean;
  readonly port?: string;
  readonly tokenLife?: string;
  readonly loginLife?: string;
  readonly reuse?: string;
  readonly rotation?: boolean;
}

/** `pilotlight sandbox`: a token endpoint and Messages API of its own on loopback, until INT or TERM. */
export async function sandbox(flags: SandboxFlags, io: Io): Promise<number> {
  const { startSandbox } = await import("../../sandbox/index.ts");
  const port = portIn(flags.port);
  const running = await startSandbox({
    port,
    accessTokenLife: secondsIn("--token-life", flags.tokenLife),
    loginLife: secondsIn("--login-life", flags.loginLife),
    reuse: reuseIn(flags.reuse),
    rotates: flags.rotation,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
    throw new PilotlightError("usage", `--port ${port}: ${error.message}`);
  });
  if (flags.json === true) io.out(`${JSON.stringify(running.state())}\n`);
  else {
    io.out(
      `# Pilotlight's sandbox at ${running.url}, with invented tokens only. Ctrl-C ends it.\n`,
    );
    for (const [name, value] of Object.entries(running.env()))
      io.out(`export ${name}='${value}'\n`);
  }
  const stopping = new AbortController();
  const signals = ["SIGINT", "SIGTERM"].map((name) =>
    once(process, name, { signal: stopping.signal }),
  );
  await Promise.race(signals);
  stopping.abort();
  await Promise.allSettled(signals);
  await running.stop();
  return 0;
}

function portIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new PilotlightError("usage", `--port ${text} is no port`);
}

function secondsIn(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== null && ms >= 1000) return Math.round(ms / 1000);
  throw new PilotlightError("usage", `${flag} ${text} is no time such as 30s or 8h`);
}

function reuseIn(text: string | undefined) {
  if (text === undefined) return undefined;
  if (text === "reject" || text === "revoke_family") return text;
  const graceMs = text.startsWith("grace:") ? parseDuration(text.slice(6)) : null;
  if (graceMs !== null) return { graceMs };
  throw new PilotlightError("usage", `--reuse ${text} is none of reject, revoke_family, grace:10s`);
}
