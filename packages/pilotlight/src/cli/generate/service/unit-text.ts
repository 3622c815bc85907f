import type { Installation } from "../installation.ts";

/** A value, quoted as a whole, that systemd reads back as it is (systemd.syntax(7)); specifiers too. */
export function unitWord(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%");
  return `"${escaped}"`;
}

/** A command line for `ExecStart=`; in its arguments, systemd would put variables for `$`. */
export function unitCommand(words: readonly [string, ...string[]]): string {
  // systemd 252 takes no program with a quote or backslash in its path; env(1) does.
  const isRefused = /["'\\]/.test(words[0]);
  const [program, ...args] = isRefused ? (["/usr/bin/env", ...words] as const) : words;
  return [unitWord(program), ...args.map((arg) => unitWord(arg.replaceAll("$", "$$$$")))].join(" ");
}

/** `Environment=` lines for PATH and what is set here. */
export function unitVariables({ path, variables, ...place }: Installation): string {
  // A manager sets HOME by the list of users.
  const home = place.isUsualHome ? {} : { HOME: place.home };
  return Object.entries({ PATH: path, ...home, ...variables })
    .map(([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`)
    .join("\n");
}

/** What a stop must respect: a `claude` that is signalled in mid-grant loses the login. */
export const PATIENT_STOP = `\
# A refresh takes up to 150 s, and a signal to a claude in mid-refresh loses the login: only Pilotlight gets
# the TERM, and ends with 0 once the refresh is stored.
KillMode=mixed
TimeoutStopSec=200
OOMPolicy=continue
# A core dump would hold tokens.
LimitCORE=0`;

/**
 * What keeps the service from what it does not need. A user's own manager lacks the privileges for most of
 * it (systemd.exec(5)); there, what is left is what needs none.
 */
export function hardening(installation: Installation, isSystem: boolean): string {
  return isSystem ? `${FOR_ALL}\n${forSystem(installation)}` : FOR_ALL;
}

const FOR_ALL = `\
# A hook that calls sudo needs NoNewPrivileges=no and RestrictSUIDSGID=no (systemctl edit).
NoNewPrivileges=yes
UMask=0077
LockPersonality=yes
# Both Node and the claude binary make machine code as they run.
MemoryDenyWriteExecute=no
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=@chown
SystemCallErrorNumber=EPERM`;

function forSystem(installation: Installation): string {
  const { user, home, writable } = installation;
  const isInTmp = needsTmp(installation);
  // root keeps a login of another user in that user's hands.
  const capabilities = user === "root" ? "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER" : "";
  return `\
CapabilityBoundingSet=${capabilities}
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
# The directory above the config directory is in it: Claude Code's lock (<directory>.lock) is made there.
ReadWritePaths=${[...writable, ...(isInTmp ? ["/tmp"] : [])].map(unitWord).join(" ")}
InaccessiblePaths=${[`${home}/.ssh`, `${home}/.gnupg`].map((path) => unitWord(`-${path}`)).join(" ")}
${isInTmp ? "# PrivateTmp=yes would hide what lies there and is needed.\nPrivateTmp=no" : "PrivateTmp=yes"}
PrivateDevices=yes
PrivateMounts=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# Not ProcSubset=pid: locks are told apart by the boot's id, which lies in /proc/sys.
ProtectProc=invisible`;
}

function needsTmp({ home, writable, node, script, claude, variables }: Installation): boolean {
  const needed = [home, ...writable, node, script, claude ?? "", ...Object.values(variables)];
  return needed.some((place) => /^\/(var\/)?tmp(\/|$)/.test(place));
}
