import { closeSync, openSync, readFileSync } from "node:fs";

/**
 * True when this process is in the foreground group of its terminal: then a Ctrl-C or Ctrl-\ came to
 * every process of the group, the child included. Descriptors tell nothing here, for a job with all
 * three redirected can still be in the foreground. Elsewhere than on Linux: true with any terminal.
 */
export function isForeground(): boolean {
  const stat = statOf("self");
  if (stat !== null) return stat.terminalGroup === stat.group;
  return process.platform === "win32" || hasTerminal();
}

/** True while process `pid` is stopped (Ctrl-Z, SIGSTOP); false elsewhere than on Linux. */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === "T";
}

function statOf(pid: number | "self") {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // proc_pid_stat(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr, tpgid.
  const [state, , group, , , terminalGroup] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state, group, terminalGroup };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
