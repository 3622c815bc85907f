import { inQuotes } from "../../../core/login-command.ts";
import type { Kind } from "../generated.ts";
import type { Installation } from "../installation.ts";

/** Lines for a crontab of the login's user. */
export const cron: Kind = {
  options: ["login"],
  carriesVariables: true,
  make: (installation) => ({
    files: [{ path: "pilotlight.crontab", text: crontab(installation) }],
    // At the end: what it sets counts for every line below.
    notes: ["then: (crontab -l; cat pilotlight.crontab) | crontab -"],
  }),
};

function crontab(installation: Installation): string {
  const { node, script, user, login } = installation;
  const named = login === null ? [] : ["--login", login];
  const pilotlight = (...args: readonly string[]) => cronCommand([node, script, ...args]);
  return `\
# Claude Code's login of ${user}, in its own crontab. Two of these at a time wait for each other: no flock.
# cron mails what is printed, here only what goes wrong, where it knows how to mail.
#MAILTO=you@example.org
${assignments(installation)}

# Renew what is due: nothing to do most of the time.
*/15 * * * * ${pilotlight("refresh", ...named)} >/dev/null
# Tell, days ahead, when only a person can help.
23 8 * * * said=$(${pilotlight("check", ...named)}) || echo "$said"
# A job: its login is good before it starts and while it runs, or it says why. Give it its directory.
#0 3 * * * cd ${percents(inQuotes(installation.home))} && ${pilotlight("run", ...named)} -- claude -p "…"
`;
}

/** cron takes a line as it stands, up to its end; matching quotes around a value keep blanks at its ends. */
function assignments({ home, path, variables }: Installation): string {
  return Object.entries({ HOME: home, PATH: path, ...variables })
    .map(([name, value]) => `${name}=${cronValue(value)}`)
    .join("\n");
}

function cronValue(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

function cronCommand(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:@=,-]+$/.test(word) ? word : percents(inQuotes(word))))
    .join(" ");
}

/** An unescaped % ends the command (crontab(5)), in quotes, too. */
function percents(text: string): string {
  return text.replaceAll("%", "\\%");
}
