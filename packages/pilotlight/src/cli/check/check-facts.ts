import { explainWorld } from "../../claude/explaining/explain.ts";
import { variableFlaw } from "../../claude/precedence/variable-flaw.ts";
import type { CheckFacts } from "../../core/check-state.ts";
import { PilotlightError, traitsOf } from "../../core/errors.ts";
import { brokenIn } from "../../core/explanation.ts";
import { commandFor } from "../../core/login-command.ts";
import type { Config, LoginConfig } from "../config.ts";
import { isReadOnly, statusIn } from "../status-report.ts";

/** Looks at one login as a job of it would find things here. No write, no network, no process. */
export async function checkFacts(
  config: Config,
  login: LoginConfig,
  now: number,
): Promise<CheckFacts> {
  const { report, place, world } = await statusIn(config, [login], now);
  const { settings } = world;
  const [status] = report.logins;
  if (status === undefined) throw new PilotlightError("bug", "a status without its login");
  const { source } = report.effective;
  const where = settings.origins[source] ?? source;
  const isStored = source === "claude-file" || source === "claude-keychain";
  const isUsed = login.envFile === null ? isStored : source === status.source;
  const isUnused = status.path !== null && status.phase !== "absent" && !isUsed;
  const flaw = variableFlaw(source, { ...place.env, ...settings.env });
  const broken = brokenIn(explainWorld(place, world));
  return {
    status,
    shadowedBy: isUnused ? (source === "none" ? "no credential at all" : where) : null,
    signIn: commandFor(traitsOf("login_ended").command, { name: login.name, configDir: login.dir }),
    isReadOnly: status.path !== null && (await isReadOnly(status.path)),
    oddity: flaw?.severity === "warning" ? `${where} ${flaw.text}` : null,
    // What the status of the login says already is not said twice.
    broken: broken.filter(({ code }) => code !== status.action?.code),
  };
}
