import { commandFor } from "../../../core/login-command.ts";
import { machineCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import { type ServiceFacts, serviceFacts, type ServiceStore } from "../service/service-facts.ts";
import { serviceUnit } from "../service/service-unit.ts";
import type { World } from "../world.ts";

/** Whether a service sees the login that a person sees. */
export const serviceChecks = [
  machineCheck({
    id: "service-environment",
    title: "the service finds the same login, Claude Code and user",
    fm: ["FM-30", "FM-36", "FM-44", "FM-51"],
    gather: async (world: World) => {
      if (world.service === null) return null;
      return serviceFacts(await serviceUnit(world.service, world), world);
    },
    judge: judgeService,
  }),
] as const;

function judgeService(facts: ServiceFacts | null): readonly Finding[] {
  if (facts === null)
    return [skipped("name a unit with --as-service to compare it with this user")];
  const { unit, user, uid, home, stores } = facts;
  if (uid === null || home === null) {
    const what = `${unit}: this machine does not know the user ${user}`;
    return [failure("no_credential", what, { fix: "correct User=", command: null })];
  }
  const findings = [
    ...placeFindings(facts),
    ...stores.flatMap((store) => storeFindings(facts, store, uid)),
    ...aroundFindings(facts),
  ];
  if (findings.length > 0) return findings;
  return [ok(`${unit}: uid ${uid}, HOME ${home}, the same store`)];
}

/** Why its stores could not be looked at. */
function placeFindings({ unit, user, home, isHidden, trouble }: ServiceFacts): Finding[] {
  if (isHidden) {
    return [skipped(`${unit}: ${home} is closed to you`, { fix: `ask again as ${user}` })];
  }
  if (trouble === null) return [];
  const { code, message } = trouble;
  const fix = "correct --login in ExecStart=, or name its configuration: PILOTLIGHT_CONFIG";
  return [failure(code, `${unit}: ${message}`, code === "usage" ? { fix } : {})];
}

function storeFindings(
  { unit, user, ownStores }: ServiceFacts,
  { path, dir, isThere, owner, mode }: ServiceStore,
  uid: number,
): Finding[] {
  const findings: Finding[] = [];
  if (!isThere) {
    const other = dir === null ? ", or set Environment=CLAUDE_CONFIG_DIR=… in the unit" : "";
    const command = commandFor("claude auth login", { name: "", configDir: dir });
    const more = { fix: `sign in as ${user}${other}`, command };
    findings.push(failure("no_credential", `${unit}: it looks for the login in ${path}`, more));
  } else if (!ownStores.includes(path)) {
    const what = `${unit}: it uses ${path}, and you look at ${ownStores.join(", ")}`;
    findings.push(note(what, "set CLAUDE_CONFIG_DIR alike if it should be the same login"));
  }
  if (owner !== null && uid !== 0 && owner !== uid) {
    const what = `${unit}: it runs as uid ${uid}, and ${path} belongs to uid ${owner}`;
    const isReadable = (mode & 0o044) !== 0;
    findings.push(
      isReadable
        ? warning(what, "set User= to the owner: what it refreshes would change hands")
        : failure("credential_unreadable", what, { fix: "set User= to the owner" }),
    );
  }
  return findings;
}

function aroundFindings(facts: ServiceFacts): Finding[] {
  const { unit, user, shell, claude, isClaudeFound, credentials, walls } = facts;
  const findings: Finding[] = [];
  if (claude !== null && !isClaudeFound) {
    const fix = "name it in the unit: Environment=PILOTLIGHT_CLAUDE=/path/to/claude, or set PATH";
    const what = claude === "claude" ? "its PATH has no Claude Code" : `it does not find ${claude}`;
    findings.push(failure("cli_not_found", `${unit}: ${what}`, { fix }));
  }
  for (const name of credentials) {
    const what = `${unit}: sets ${name}, which wins over a stored login`;
    findings.push(warning(what, "remove it unless it is meant to pay"));
  }
  for (const wall of walls) {
    const what = `${unit}: ${wall} keeps the service from writing its login and locks`;
    findings.push(warning(what, "add the config directory and its parent to ReadWritePaths="));
  }
  if (/(nologin|false)$/.test(shell)) {
    const what = `${unit}: ${user} has the shell ${shell}, with which claude -p was seen to end with nothing`;
    findings.push(
      note(what, "start jobs through pilotlight run, which takes silence for a failure"),
    );
  }
  return findings;
}
