import { isBefore } from "../../../claude/build/build-rules.ts";
import { machineCheck } from "../doctor-check.ts";
import { type Finding, note, ok, skipped, warning } from "../finding.ts";
import { type Hit, hitsIn, statusCommandIn } from "../scan/claude-in-line.ts";
import { credentialCopies, frozenTokens } from "../scan/credential-copies.ts";
import type { Scan } from "../scan/scan-files.ts";
import { shortStops } from "../scan/short-stops.ts";
import { idlePrompts, restartStorms } from "../scan/wasteful-starts.ts";
import { installedClaude } from "../installed-claude.ts";
import { LOSING_STATUS } from "../known-faults.ts";
import type { World } from "../world.ts";

/** Not more than this many places of one kind: the first ones tell. */
const MOST_SHOWN = 12;

/** What scripts, units and images around the jobs do to a login. */
export const scanChecks = [
  machineCheck({
    id: "status-commands",
    title: "no script asks claude auth status or claude doctor",
    fm: ["FM-14", "FM-16", "FM-56"],
    gather: async ({ scan, ...world }: World) => ({
      scan,
      version: (await installedClaude(world)).version,
    }),
    judge: ({ scan, version }) =>
      findingsOf(
        scan,
        statusCommands(scan, version),
        "use pilotlight check: it changes nothing and knows what the server said",
      ),
  }),
  machineCheck({
    id: "short-stops",
    title: "nothing stops claude sooner than a grant takes",
    fm: ["FM-13", "FM-16"],
    gather: ({ scan }: World) => scan,
    judge: (scan) =>
      findingsOf(
        scan,
        shortStops(scan.files),
        "leave it 150 s, and start it through pilotlight run, which keeps a stop away from a grant",
      ),
  }),
  machineCheck({
    id: "credential-copies",
    title: "no script copies a login or mounts it as one file",
    fm: ["FM-11", "FM-26", "FM-27", "FM-31"],
    gather: ({ scan }: World) => scan,
    judge: (scan) =>
      findingsOf(
        scan,
        credentialCopies(scan.files),
        "mount the whole config directory read-write, give each host a login of its own, or use a setup-token",
      ),
  }),
  machineCheck({
    id: "frozen-tokens",
    title: "no script freezes an access token",
    fm: ["FM-08"],
    gather: ({ scan }: World) => scan,
    judge: (scan) =>
      findingsOf(
        scan,
        frozenTokens(scan.files),
        "let Claude Code read the store itself, or use a token of claude setup-token",
      ),
  }),
  machineCheck({
    id: "idle-prompts",
    title: "no timetable says hello to keep a token fresh",
    fm: ["FM-65"],
    gather: ({ scan }: World) => scan,
    judge: (scan) =>
      findingsOf(scan, idlePrompts(scan.files), "use pilotlight refresh: it asks for no inference"),
  }),
  machineCheck({
    id: "restart-storms",
    title: "no unit restarts a failed claude at once",
    fm: ["FM-63"],
    gather: ({ scan }: World) => scan,
    judge: (scan) => findingsOf(scan, restartStorms(scan.files), "set RestartSec=1min or more"),
  }),
] as const;

function statusCommands({ files }: Scan, version: string | null): readonly Hit[] {
  return hitsIn(files, ({ text }) => {
    const command = statusCommandIn(text);
    if (command === null) return null;
    const name = `claude ${command}`;
    if (version === null)
      return `${name}: on many builds it loses the login when the token is near its end`;
    if (isBefore(version, LOSING_STATUS.since)) {
      return `${name}: on ${version} it says nothing of whether the login works`;
    }
    return isBefore(version, LOSING_STATUS.until)
      ? `${name}: ${version} starts a refresh and may exit before it is stored`
      : `${name}: ${version} refreshes in it, and a signal meanwhile loses the login`;
  });
}

function findingsOf(scan: Scan, hits: readonly Hit[], fix: string): readonly Finding[] {
  const { files, leftOut } = scan;
  const unread = unreadIn(scan);
  if (files.length === 0) {
    const nothing = "nothing to look through here: name files or directories with --scan";
    return [skipped(unread ?? nothing)];
  }
  const shown = hits.slice(0, MOST_SHOWN);
  const findings = shown.map(({ file, line, what }) => warning(`${file}:${line}: ${what}`, fix));
  if (hits.length > shown.length) {
    findings.push(warning(`${hits.length - shown.length} more places of this kind`, fix));
  }
  if (unread !== null) findings.push(note(unread));
  if (leftOut > 0) findings.push(note(`${leftOut} more files were not looked at`));
  return findings.length > 0 ? findings : [ok(`nothing in ${files.length} files`)];
}

/** What somebody named and nobody looked at, in one line. */
function unreadIn({ unread }: Scan): string | null {
  if (unread.length === 0) return null;
  const shown = unread.slice(0, MOST_SHOWN).map(({ path, why }) => `${path}: ${why}`);
  const more = unread.length - shown.length;
  return `not looked through: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
