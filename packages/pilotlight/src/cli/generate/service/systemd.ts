import { inQuotes } from "../../../core/login-command.ts";
import type { Kind, Wish } from "../generated.ts";
import type { Installation } from "../installation.ts";
import { hardening, PATIENT_STOP, unitCommand, unitVariables } from "./unit-text.ts";

/** From this version on, systemd waits longer from one restart to the next. */
const HAS_RESTART_STEPS = 254;

/** `pilotlight keep` as a service of systemd. */
export const systemd: Kind = {
  options: ["system", "user"],
  carriesVariables: true,
  make: (installation, wish) => {
    const path = unitPath("pilotlight.service", installation, wish);
    const text = keepUnit(installation, wish.isSystem);
    return { files: [{ path, text }], notes: steps(installation, wish, "pilotlight.service") };
  },
};

/** A oneshot service and its timer: for who wants no daemon. */
export const systemdTimer: Kind = {
  options: ["login", "system", "user"],
  carriesVariables: true,
  make: (installation, wish) => {
    const files = [
      {
        path: unitPath("pilotlight-refresh.service", installation, wish),
        text: refreshUnit(installation, wish.isSystem),
      },
      { path: unitPath("pilotlight-refresh.timer", installation, wish), text: TIMER },
    ];
    return { files, notes: steps(installation, wish, "pilotlight-refresh.timer") };
  },
};

function keepUnit(installation: Installation, isSystem: boolean): string {
  const { node, script, user, systemd: version } = installation;
  const backOff =
    (version ?? 0) >= HAS_RESTART_STEPS ? "RestartSteps=6\nRestartMaxDelaySec=10min\n" : "";
  return `\
[Unit]
Description=Pilotlight keeps the Claude Code login of ${unitText(user)} alive
${isSystem ? "Wants=network-online.target\nAfter=network-online.target\n" : ""}\
# Restarted as long as it takes; it never gives up by itself.
StartLimitIntervalSec=0

[Service]
Type=notify
# READY, STATUS and WATCHDOG are told by systemd-notify, which is a process of its own.
NotifyAccess=all
${isSystem ? `User=${unitText(user)}\n` : ""}\
ExecStart=${unitCommand([node, script, "keep"])}
ExecReload=/bin/kill -HUP $MAINPID
${unitVariables(installation)}
Restart=on-failure
RestartSec=30
${backOff}\
# 77: a person has to sign in; 78: the configuration. Neither gets better by a restart.
RestartPreventExitStatus=77 78
TimeoutStartSec=200
# Longer than a refresh: whoever hangs so long has none under way.
WatchdogSec=300
${PATIENT_STOP}
${hardening(installation, isSystem)}

[Install]
WantedBy=${isSystem ? "multi-user.target" : "default.target"}
`;
}

function refreshUnit(installation: Installation, isSystem: boolean): string {
  const { node, script, user, login } = installation;
  const named = login === null ? [] : ["--login", login];
  return `\
[Unit]
Description=Pilotlight renews the Claude Code login of ${unitText(user)} where that is due
${isSystem ? "Wants=network-online.target\nAfter=network-online.target\n" : ""}\

[Service]
Type=oneshot
${isSystem ? `User=${unitText(user)}\n` : ""}\
ExecStart=${unitCommand([node, script, "refresh", ...named])}
${unitVariables(installation)}
# 180 s for another process's lock and 150 s for the refresh, of each login.
TimeoutStartSec=30min
${PATIENT_STOP}
${hardening(installation, isSystem)}
`;
}

const TIMER = `\
[Unit]
Description=Looks every quarter of an hour whether a Claude Code login is due

[Timer]
OnCalendar=*:0/15
# Not all machines in the same second.
RandomizedDelaySec=2min
# What a sleeping machine has missed is made up for.
Persistent=true

[Install]
WantedBy=timers.target
`;

function unitText(text: string): string {
  return text.replaceAll("%", "%%");
}

function unitPath(name: string, { home, variables }: Installation, { isSystem }: Wish): string {
  if (isSystem) return `/etc/systemd/system/${name}`;
  const config = variables["XDG_CONFIG_HOME"] ?? `${home}/.config`;
  return `${config}/systemd/user/${name}`;
}

function steps(installation: Installation, { isSystem }: Wish, unit: string): readonly string[] {
  const { user, stateDir, isStateThere, writable } = installation;
  const manager = isSystem ? "systemctl" : "systemctl --user";
  const notes = [`then: ${manager} daemon-reload && ${manager} enable --now ${unit}`];
  if (isSystem) {
    // systemd does not start a unit that opens a directory which is not there.
    if (!isStateThere && writable.includes(stateDir)) {
      notes.unshift(`first: install -d -m 700 -o ${user} ${inQuotes(stateDir)}`);
    }
    if (user === "root") notes.push("it runs as root; --user names the one whose login it is");
  } else {
    notes.push(`then, so that it runs while nobody is signed in: loginctl enable-linger ${user}`);
  }
  return notes;
}
