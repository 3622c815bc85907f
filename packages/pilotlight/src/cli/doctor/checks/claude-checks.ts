import { memoryFileIn } from "../../../claude/build/build-memory.ts";
import { recalledBuild, type RecalledBuild } from "../../../claude/build/recalled-build.ts";
import { machineCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import { type InstalledClaude, installedClaude } from "../installed-claude.ts";
import { faultsOf, KNOWN_FAULTS } from "../known-faults.ts";
import type { World } from "../world.ts";

/** The Claude Code that refreshes here. None of these checks starts it. */
export const claudeChecks = [
  machineCheck({
    id: "claude-found",
    title: "Claude Code is found",
    fm: ["FM-51"],
    gather: async (world: World) => ({
      claude: await installedClaude(world),
      setting: world.config.claude,
    }),
    judge: ({ claude, setting }): readonly Finding[] => {
      const { trouble, command } = claude;
      if (trouble !== null) return [failure(trouble.code, withoutValues(trouble.message))];
      if (command === null) {
        return [skipped(`"${withoutValues(setting)}" is looked up by npm at the first refresh`)];
      }
      // Among its arguments may be a secret (`env NAME=… claude`).
      const [program] = command.argv;
      return [ok([...new Set([program, ...command.files])].join(" "))];
    },
  }),
  machineCheck({
    id: "claude-version",
    title: "this version has none of the faults that cost logins",
    fm: [...new Set(KNOWN_FAULTS.map(({ fm }) => fm))].toSorted(),
    gather: installedClaude,
    judge: ({ version }: InstalledClaude) => {
      if (version === null) return [skipped("the files do not tell their version")];
      const faults = faultsOf(version);
      if (faults.length === 0) return [ok(version)];
      return faults.map(({ fm, what, until }) =>
        warning(`${version}: ${what} (${fm})`, `install ${until} or newer`),
      );
    },
  }),
  machineCheck({
    id: "claude-rehearsal",
    title: "this build keeps what it refreshes",
    fm: ["FM-14", "FM-36"],
    gather: async (world: World) => {
      const { command } = await installedClaude(world);
      const { driver, stateDir } = world.config;
      const recalled = command && (await recalledBuild(command, memoryFileIn(stateDir)));
      return { recalled, isFound: command !== null, driver };
    },
    judge: judgeRehearsal,
  }),
] as const;

function judgeRehearsal(facts: {
  readonly recalled: RecalledBuild | "wrapper" | null;
  readonly isFound: boolean;
  readonly driver: string;
}): readonly Finding[] {
  const { recalled, isFound, driver } = facts;
  if (driver === "endpoint") {
    return [
      note("driver = endpoint: Pilotlight refreshes by itself, which the vendor does not document"),
    ];
  }
  if (!isFound) return [skipped("there is no build to look up")];
  if (recalled === "wrapper") {
    return [skipped("it is a wrapper script, and only starting it would tell the build")];
  }
  if (recalled === null || recalled.rehearsal === null) {
    const what = "this build was not rehearsed yet";
    return [note(what, "the first refresh does it, on a sandbox of our own")];
  }
  const { build, rehearsal, isolates } = recalled;
  if (rehearsal.command === null) {
    return [failure("cli_refused", `build ${build}: ${rehearsal.detail}`)];
  }
  const isolation = isolates === null ? "" : `, ${isolates ? "can" : "cannot"} be isolated`;
  return [ok(`build ${build} refreshes by ${rehearsal.command}${isolation}`)];
}

/** A command line as it was set, without what it gives to variables. */
function withoutValues(text: string): string {
  return text.replace(/\b([A-Za-z_]\w*=)[^\s"',\\]+/g, "$1[secret]");
}
