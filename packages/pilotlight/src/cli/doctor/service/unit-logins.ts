import type { Environment, Place } from "../../../claude/locations.ts";
import type { Config } from "../../config.ts";
import { selectLogin, selectLogins } from "../../logins.ts";
import type { ServiceUnit } from "./service-unit.ts";
import { wordsIn } from "./unit-words.ts";

/**
 * The logins that the commands of a unit use: those which Pilotlight is told, else the one that Claude Code
 * finds by itself.
 * @throws PilotlightError `usage` where Pilotlight would refuse the name of a login, or the lack of one
 */
export function unitLogins({ file, env }: ServiceUnit, config: Config): readonly Place[] {
  const commands = file.words("ExecStart").flatMap((words) => pilotlightIn(words, env));
  if (commands.length === 0) return [{ dir: null, credentialsFile: null }];
  const logins = commands.flatMap(({ name, login }) =>
    name === "run" ? [selectLogin(config, login)] : selectLogins(config, login),
  );
  // A token in an env file has no store that a unit could wall off.
  return [...new Set(logins)].filter(({ envFile }) => envFile === null);
}

interface PilotlightCommand {
  readonly name: string | undefined;
  readonly login: string | undefined;
}

/** Also behind `env`, `npx` and in the script of `sh -c`; its own arguments end at `--`. */
function pilotlightIn(line: readonly string[], env: Environment): readonly PilotlightCommand[] {
  const words = line
    .flatMap((word, index) => (/^-\w*c$/.test(line[index - 1] ?? "") ? wordsIn(word) : [word]))
    .map((word, index) => filledIn(index === 0 ? word.replace(/^[-@:+!|]+/, "") : word, env));
  const started = words.findIndex((word) => /^(.*\/)?(claude|pilotlight(\.mjs|@.+)?)$/.test(word));
  const [program, ...rest] = started === -1 ? [] : words.slice(started);
  if (program === undefined || program.endsWith("claude")) return [];
  const end = rest.indexOf("--");
  const own = end === -1 ? rest : rest.slice(0, end);
  const name = own.find((word) => !word.startsWith("-"));
  const joined = own.find((word) => word.startsWith("--login="))?.slice("--login=".length);
  const apart = own.includes("--login") ? own[own.indexOf("--login") + 1] : undefined;
  return [{ name, login: joined ?? apart }];
}

/** systemd puts variables into a command line, and a shell does so, too. */
function filledIn(word: string, env: Environment): string {
  return word.replace(/\$\{(\w+)\}|^\$(\w+)$/g, (_, braced?: string, plain?: string) => {
    return env[braced ?? plain ?? ""] ?? "";
  });
}
