import { PilotlightError } from "../core/errors.ts";
import { kindsHelp } from "./generate/kind-list.ts";
import { EXITS, type Parts } from "./program-parts.ts";

export function addKeep({ command, io, done }: Parts): void {
  command("keep", "keep every login alive, and serve health, metrics and status until TERM")
    .option("--listen <address>", 'where to serve (default 127.0.0.1:7450; "off": nowhere)')
    .option("--once", "look once, renew what is due, and end: for a timer")
    .option("--json", "with --once: print pilotlight.health/v1")
    .action(async (flags) => done(await (await import("./commands/keep.ts")).keep(flags, io)));
}

export function addLogin({ command, io, done }: Parts): void {
  command("login", "sign in again: a link to open anywhere, and the code that is shown there")
    .option("--login <name>", "the login it is for")
    .option("--code-from <place>", "a file that will hold the code, a descriptor's number, or -")
    .option("--switch-account", "the new login may be another account's")
    .option(
      "--from-refresh-token",
      "take a login over from CLAUDE_CODE_OAUTH_REFRESH_TOKEN and CLAUDE_CODE_OAUTH_SCOPES",
    )
    .option(
      "--setup-token",
      "a token of a year (claude setup-token) instead; it is shown to nobody and goes into:",
    )
    // Node takes --env-file for its own, even behind the script (measured on 24.21.0, 2026-11).
    .option("--to-env-file <path>", "an env file, as CLAUDE_CODE_OAUTH_TOKEN; its other lines stay")
    .option("--to-systemd-credential <path>", "a file of its own, for LoadCredential= of a unit")
    .option("--timeout <time>", "how long to wait for the code (default 15m)")
    .option("--no-qr", "without a QR code")
    .option("--json", "the link and the result as lines of JSON")
    .action(async (flags) => done(await (await import("./commands/login.ts")).login(flags, io)));
  command("logout", "take a login out of its file; what others keep there stays")
    .option("--login <name>", "the login it is about")
    .option("--revoke", "have Claude Code tell the server, too")
    .option("--yes", "do not ask")
    .option("--json", "print pilotlight.logout/v1")
    .action(async (flags) => done(await (await import("./commands/logout.ts")).logout(flags, io)));
}

export function addNotify({ command, io, done }: Parts): void {
  const notify = command("notify", "try the channels that alerts are sent by")
    .helpCommand(false)
    .action(() => {
      throw new PilotlightError("usage", "notify needs to be told what (known: test)");
    });
  notify
    .command("test")
    .description("send one alert of each kind to each channel, and say how that went")
    .addHelpText("after", EXITS)
    .allowExcessArguments(false)
    .option("--channel <name>", "only this channel")
    .option("--json", "print pilotlight.notify-test/v1")
    .action(async (flags) =>
      done(await (await import("./commands/notify.ts")).notifyTest(flags, io)),
    );
}

export function addInstall({ command, io, done }: Parts): void {
  command("init", "install and start the service that keeps the login; undone where it fails")
    .option("--billing <who>", "subscription or api: who pays for unattended jobs")
    .option("--yes", "do not ask")
    .option("--system", "a service of the system instead of your own; as root")
    .option("--no-start", "install it, and start it with the next boot")
    .option("--json", "print pilotlight.init/v1")
    .action(async (flags) => done(await (await import("./commands/init.ts")).init(flags, io)));
  command("uninstall", "take back what init did; logins stay")
    .option("--purge", "remove history and state, too")
    .option("--yes", "do not ask")
    .option("--json", "print pilotlight.uninstall/v1")
    .action(async (flags) =>
      done(await (await import("./commands/uninstall.ts")).uninstall(flags, io)),
    );
}

export function addGenerate({ program, io, done }: Parts): void {
  program
    .command("generate")
    .description("print ready files for this machine: services, containers, CI, alerts")
    .argument("<what>", "one of the kinds below")
    .option("--out <path>", "write to this file or directory instead of stdout")
    .option("--force", "with --out: replace what is there")
    .option("--login <name>", "only this login, where the file can name one")
    .option("--system", "systemd: for the system's manager instead of your own")
    .option("--user <name>", "systemd: the user whose login it is; for the system's manager")
    .option("--variant <name>", "compose: sidecar (default), in-process or single-file")
    .option("--json", "print pilotlight.generate/v1")
    .addHelpText("after", `${kindsHelp()}${EXITS}`)
    .allowExcessArguments(false)
    .action(async (what: string, flags) =>
      done(await (await import("./commands/generate.ts")).generate(what, flags, io)),
    );
}

export function addRehearse({ program, io, done }: Parts): void {
  program
    .command("rehearse", { hidden: true })
    .argument("<build>")
    .action(async (build: string) =>
      done(await (await import("./commands/rehearse.ts")).rehearse(build, io)),
    );
}
