import {
  CHECK_STATES,
  type CheckedLogin,
  type CheckLimits,
  checkState,
  type CheckState,
  worstState,
} from "../../core/check-state.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { scrub } from "../../core/scrub.ts";
import { checkFacts } from "../check/check-facts.ts";
import { readCheckFlags } from "../check/check-flags.ts";
import { readConfig } from "../config.ts";
import type { Io } from "../io.ts";
import { selectLogins } from "../logins.ts";
import { printable } from "../printable.ts";

/**
 * `pilotlight check`: one line on stdout and an exit status as monitoring plugins have them (0 OK,
 * 1 WARNING, 2 CRITICAL, 3 UNKNOWN). Read-only. Never throws: whatever goes wrong is UNKNOWN.
 */
export async function check(words: readonly string[], io: Io): Promise<number> {
  try {
    const { login, json, limits } = readCheckFlags(words);
    const config = await readConfig(io.env);
    const now = Date.now();
    const checked = await Promise.all(
      selectLogins(config, login).map(async (one) =>
        checkState(await checkFacts(config, one, now), limits, now),
      ),
    );
    const state = worstState(checked.map((one) => one.state));
    const data = checked.flatMap((one) => performanceData(one, limits, checked.length > 1));
    return print(state, textOf(checked, state), data, checked, json, io);
  } catch (error) {
    return print("UNKNOWN", troubleIn(error), [], [], words.includes("--json"), io);
  }
}

function print(
  state: CheckState,
  text: string,
  data: readonly string[],
  logins: readonly CheckedLogin[],
  isJson: boolean,
  io: Io,
): number {
  const exit = CHECK_STATES.indexOf(state);
  if (isJson) {
    const schema = "pilotlight.check/v1";
    const report = { schema, state, exit, text, performanceData: data.join(" "), logins };
    io.out(`${JSON.stringify(report)}\n`);
  } else {
    const perf = data.length > 0 ? ` | ${data.join(" ")}` : "";
    // A bar would begin the performance data, a line break end the line.
    const line = text.replace(/\s*[\n\r]\s*/g, " ").replaceAll("|", "/");
    io.out(`PILOTLIGHT ${state} - ${printable(line)}${perf}\n`);
  }
  return exit;
}

/** The logins in the worst state first: some monitors cut a long line off. */
function textOf(checked: readonly CheckedLogin[], worst: CheckState): string {
  const first = checked.filter((one) => one.state === worst);
  const rest = checked.filter((one) => one.state !== worst);
  return [...first, ...rest].map(textOfLogin).join("; ");
}

function textOfLogin({ name, text, code, command }: CheckedLogin): string {
  const typed = command === null ? "" : ` ($ ${command})`;
  return code === null ? `${name}: ${text}` : `${name}: ${code}: ${text}${typed}`;
}

/** `label=value[UOM];warn;crit`; `4:` means that less than 4 is bad. */
function performanceData(login: CheckedLogin, limits: CheckLimits, isOneOfMany: boolean): string[] {
  const label = (name: string) => (isOneOfMany ? `${login.name}_${name}` : name);
  const { expiresIn, loginEndsIn, isTokenLimited } = login;
  const data: string[] = [];
  if (expiresIn !== null) {
    const bounds = isTokenLimited ? `${limits.warnToken / 1000}:;${limits.critToken / 1000}:` : ";";
    data.push(`${label("expires_in")}=${expiresIn}s;${bounds}`);
  }
  if (loginEndsIn !== null) {
    const [warn, critical] = [limits.warnLogin / DAY, limits.critLogin / DAY];
    data.push(`${label("login_ends_in")}=${loginEndsIn}d;${warn}:;${critical}:`);
  }
  return data;
}

const DAY = 86_400_000;

function troubleIn(error: unknown): string {
  if (!(error instanceof PilotlightError)) return `bug: ${scrub(String(error))}`;
  const { what, fix } = traitsOf(error.code);
  return `${error.code}: ${what}: ${error.message} (${fix})`;
}
