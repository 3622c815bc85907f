import { Command, CommanderError } from "commander";
import { PilotlightError } from "../core/errors.ts";
import { CHECK_EXITS, CHECK_OPTIONS } from "./check/check-flags.ts";
import type { Io } from "./io.ts";
import {
  addKeep,
  addLogin,
  addNotify,
  addInstall,
  addGenerate,
  addRehearse,
} from "./daemon-commands.ts";
import { EXITS, type Parts } from "./program-parts.ts";
import { VERSION } from "./version.ts";

/** Reads a command line and runs its command. @returns the exit status. @throws PilotlightError `usage`, and what the command throws */
export async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  let exit = 0;
  const program = programFor(io, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw new PilotlightError("usage", error.message.replace(/^error: /, "").replace(/\.$/, ""));
  }
  return exit;
}

/** Commands load only when they are called: a status must not pay for a sandbox. */
function programFor(io: Io, done: (exit: number) => void): Command {
  const program = new Command("pilotlight")
    .description(
      "Keeps unattended Claude Code signed in. Without a command: state and the next step.",
    )
    .version(VERSION)
    .exitOverride()
    .enablePositionalOptions()
    .option("--json", "print pilotlight.status/v1")
    .configureOutput({ writeOut: io.out, writeErr: () => undefined })
    .addHelpText("after", EXITS)
    .helpCommand(false)
    // Commander would only count the arguments of a misspelt command.
    .allowExcessArguments()
    .action(async (options, { args: [name] }: Command) => {
      if (name !== undefined) refuseCommand(name, program);
      done(await (await import("./commands/status.ts")).status(options, io));
    });
  const parts: Parts = {
    program,
    io,
    done,
    command: (name, description) =>
      program
        .command(name)
        .description(description)
        .addHelpText("after", EXITS)
        .allowExcessArguments(false),
  };
  addLooks(parts);
  addDoctor(parts);
  addRefresh(parts);
  addRun(parts);
  addKeep(parts);
  addInstall(parts);
  addLogin(parts);
  addNotify(parts);
  addHistory(parts);
  addRehearsals(parts);
  addGenerate(parts);
  addRehearse(parts);
  addHelp(parts);
  return program;
}

function addLooks({ program, command, io, done }: Parts): void {
  command("status", "show what is known of each login; writes nothing, asks nobody")
    .option("--json", "print pilotlight.status/v1")
    .option("--login <name>", "only this login")
    .action(async (options) =>
      done(await (await import("./commands/status.ts")).status(options, io)),
    );
  command("explain", "show which credential Claude Code uses here, what it sends, and why no other")
    .argument("[command...]", "claude and its arguments, after --")
    .passThroughOptions()
    .option("--login <name>", "the login it is about")
    .option("--json", "print pilotlight.explain/v1")
    .action(async (argv, flags) =>
      done(await (await import("./commands/explain.ts")).explain(argv, flags, io)),
    );
  // Only for its help: run.ts starts it without this parser.
  const check = program
    .command("check")
    .description("one line and exit status for a monitor; writes nothing, asks nobody")
    .addHelpText("after", CHECK_EXITS);
  for (const [flags, text] of CHECK_OPTIONS) check.option(flags, text);
}

function addDoctor({ command, io, done }: Parts): void {
  command("doctor", "look at everything around the logins that can go wrong, and say what to do")
    .option("--login <name>", "only this login")
    .option("--scan <paths...>", "look through these scripts, units and images, too")
    .option("--as-service <unit>", "compare a systemd unit (name or file) with this user")
    .option("--fix", "mend what is safe and reversible; spends no token")
    .option("--yes", "with --fix: do not ask")
    .option(
      "--online",
      "ask the server, too: one short request of claude for each login, clock, hosts; spends no refresh token",
    )
    .option("--bundle <file>", "write a report without secrets, to attach to a bug report")
    .option("--json", "print pilotlight.doctor/v1")
    .action(async (flags) => done(await (await import("./commands/doctor.ts")).doctor(flags, io)));
}

function addRefresh({ command, io, done }: Parts): void {
  command("refresh", "renew the credential if that is due, and never lose what the server issues")
    .option("--force", "refresh although nothing is due: the access token was rejected")
    .option(
      "--min-ttl <time>",
      "refresh when less than this is left, such as 30m; half the token's life counts at most",
    )
    .option("--login <name>", "only this login")
    .option("--json", "print pilotlight.refresh/v1")
    .action(async (options) =>
      done(await (await import("./commands/refresh.ts")).refresh(options, io)),
    );
}

function addRun({ command, io, done }: Parts): void {
  command("run", "run a job with a login that is good: before it starts and while it lives")
    .argument("<command...>", "the command, after --")
    .passThroughOptions()
    .option("--login <name>", "the login it uses")
    .option("--auth <mode>", "auto, subscription or api-key (default auto: as Claude Code chooses)")
    .option(
      "--min-ttl <time>",
      "life that the access token has at the start (default 15m); half its whole life counts at most",
    )
    .option(
      "--retry <mode>",
      "safe (default: once, if nothing was done yet), resume (go on with the session) or never",
    )
    .option("--isolate <mode>", "auto, always or never: keep the refresh token from the job")
    .option(
      "--wait-for-reset <time>",
      "wait so long for a usage limit to end (default: not at all)",
    )
    .option("--prove", "say hello first (one short request) and start only if that is answered")
    .option(
      "--ping <url>",
      "tell a healthchecks.io or Uptime Kuma monitor: start, success, failure",
    )
    .option("-v, --verbose", "say which credential the job uses")
    .action(async (argv, flags) =>
      done(await (await import("./commands/run.ts")).run(argv, flags, io)),
    );
}

function addHistory({ command, io, done }: Parts): void {
  command("history", "show what happened to the logins: refreshes, runs, verdicts")
    .option("--json", "print pilotlight.history/v1")
    .option("--login <name>", "only this login")
    .option("--since <time>", "how far back, such as 7d (default)")
    .option("--limit <rows>", "at most so many")
    .action(async (flags) =>
      done(await (await import("./commands/history.ts")).history(flags, io)),
    );
}

function addRehearsals({ command, io, done }: Parts): void {
  command(
    "sandbox",
    "run an invented authority and Messages API on loopback, to rehearse failure in",
  )
    .option("--port <port>", "port of the control face (default: a free one)")
    .option("--token-life <time>", "life of an access token (default 8h)")
    .option("--login-life <time>", "life of a login (default 30d)")
    .option("--reuse <policy>", "reject, revoke_family or grace:10s (default revoke_family)")
    .option("--no-rotation", "a refresh keeps the refresh token")
    .option("--json", "print the sandbox's state as one line")
    .action(async (options) =>
      done(await (await import("./commands/sandbox.ts")).sandbox(options, io)),
    );
  command("drill", "rehearse a bad night on the sandbox, with and without Pilotlight, in a minute")
    .option(
      "--claude <path>",
      "play it with this Claude Code, and fewer jobs (default: a stand-in)",
    )
    .option("--short", "only some hours of it")
    .option("--watch", "show it live on the status page, in a browser, in two or three minutes")
    .option("--listen <address>", "where --watch shows it (default: a free port of 127.0.0.1)")
    .option("--renew", "rehearse the end of a login and its renewal by a person instead")
    .option("--json", "print pilotlight.drill/v1, with --renew pilotlight.drill-renew/v1")
    .action(async (flags) => done(await (await import("./commands/drill.ts")).drill(flags, io)));
}

function addHelp({ program, command, io, done }: Parts): void {
  command("help", "explain an error code, a verdict or a failure mode, or show this help")
    .argument("[topic]", "such as login_ended, usage-limit or FM-12")
    .option("--json", "print pilotlight.help/v1; without a topic the whole verdict table")
    .action(async (topic: string | undefined, options) => {
      if (topic === undefined && options.json !== true) return program.outputHelp();
      done((await import("./commands/help.ts")).helpOn(topic ?? null, options, io));
    });
}

function refuseCommand(name: string, program: Command): never {
  const known = program.commands.map((command) => command.name()).join(", ");
  throw new PilotlightError(
    "usage",
    `there is no command ${JSON.stringify(name)} (known: ${known})`,
  );
}
