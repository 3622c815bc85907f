import { explainWorld } from "../../claude/explaining/explain.ts";
import { printDuration } from "../../core/duration.ts";
import { brokenIn } from "../../core/explanation.ts";
import { exitOfStatuses, type LoginStatus } from "../../core/login-status.ts";
import { readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { selectLogins } from "../logins.ts";
import { sentence } from "../../core/sentence.ts";
import { printable } from "../printable.ts";
import { statusIn } from "../status-report.ts";

export interface StatusOptions {
  readonly json?: boolean;
  readonly login?: string;
}

/** `pilotlight status`: what is known of each login, and the one next step. Read-only. */
export async function status(options: StatusOptions, io: Io): Promise<number> {
  const config = await readConfig(io.env);
  const now = Date.now();
  const { report, place, world } = await statusIn(config, selectLogins(config, options.login), now);
  if (options.json === true) {
    io.out(`${JSON.stringify(report, null, 2)}\n`);
    return exitOfStatuses(report.logins);
  }
  const { source, billing, shadowed } = report.effective;
  if (shadowed.length > 0 || billing !== "subscription") {
    const shade = shadowed.length > 0 ? `, which shadows ${shadowed.join(", ")}` : "";
    io.out(`Claude Code will use ${source}${shade} (billing: ${billing})\n`);
  }
  const told = report.logins.map(({ action }) => action?.code);
  for (const { code, message, fix } of brokenIn(explainWorld(place, world))) {
    if (!told.includes(code))
      io.out(`${printable(`A job here fails: ${message}. ${sentence(fix)}`)}\n`);
  }
  for (const login of report.logins) io.out(printLogin(login, now));
  return exitOfStatuses(report.logins);
}

function printLogin(login: LoginStatus, now: number): string {
  const lines = [`${login.name}  ${login.phase}${login.inDoubt ? ", in doubt" : ""}`];
  const { accessToken, loginEndsAt, action } = login;
  if (accessToken !== null) {
    lines.push(`access token  ${endOf(accessToken.expiresAt, now)}  ${accessToken.fingerprint}`);
    lines.push(`proof         ${proofOf(login, now)}`);
  }
  if (loginEndsAt !== null) lines.push(`login         ${endOf(loginEndsAt, now)}`);
  if (login.path !== null) lines.push(`file          ${login.path}`);
  if (action !== null) {
    lines.push(`next          ${sentence(action.message)}`);
    if (action.command !== null) lines.push(`              $ ${action.command}`);
  }
  return `${lines.map(printable).join("\n  ")}\n`;
}

function endOf(iso: string | null, now: number): string {
  if (iso === null) return "end unknown";
  const left = Date.parse(iso) - now;
  const when = `${iso.slice(0, 16).replace("T", " ")} UTC`;
  return left > 0
    ? `ends in ${printDuration(left)} (${when})`
    : `ended ${printDuration(left)} ago (${when})`;
}

function proofOf({ proof }: LoginStatus, now: number): string {
  if (proof.state === "unproved" || proof.at === null)
    return "none: nothing here has seen the server accept it";
  return `${proof.state} by ${proof.by ?? "?"} ${printDuration(now - Date.parse(proof.at))} ago`;
}
