import { isYes } from "../../../claude/precedence/precedence.ts";
import { readFile } from "node:fs/promises";
import { machineCheck } from "../doctor-check.ts";
import { failure, note, ok, skipped } from "../finding.ts";
import type { World } from "../world.ts";

/** Stores that are no file, and systems with two of everything. */
export const platformChecks = [
  machineCheck({
    id: "keychain",
    title: "the login is not in the macOS Keychain",
    fm: ["FM-37", "FM-38", "FM-39", "FM-40"],
    gather: ({ platform, logins }: World) => ({
      isMac: platform === "darwin",
      hasFile: logins.some(({ entry }) => entry.state !== "absent"),
    }),
    judge: ({ isMac, hasFile }) => {
      if (!isMac) return [skipped("this is not macOS")];
      if (!hasFile) {
        const fix =
          "jobs over ssh, launchd or cron may find it locked; a setup-token does not depend on it";
        return [failure("unsupported", "the login is in the macOS Keychain", { fix })];
      }
      const fix = "they can disagree: keep one, and sign in again if a job sees the older one";
      return [note("a credential file is there, and the Keychain may hold another login", fix)];
    },
  }),
  machineCheck({
    id: "credential-manager",
    title: "the login is not in the Windows Credential Manager",
    fm: ["FM-41"],
    gather: ({ platform, env }: World) => ({
      isWindows: platform === "win32",
      isForced: isYes(env["CLAUDE_CODE_FORCE_WINDOWS_CREDMAN"] ?? ""),
    }),
    judge: ({ isWindows, isForced }) => {
      if (!isWindows) return [skipped("this is not Windows")];
      if (!isForced) return [ok("CLAUDE_CODE_FORCE_WINDOWS_CREDMAN is not set")];
      const fix = "unset CLAUDE_CODE_FORCE_WINDOWS_CREDMAN and sign in again";
      const what = "CLAUDE_CODE_FORCE_WINDOWS_CREDMAN moves the login out of the file";
      return [failure("unsupported", what, { fix })];
    },
  }),
  machineCheck({
    id: "wsl",
    title: "Windows and WSL are not taken for one machine",
    fm: ["FM-42"],
    gather: async ({ platform }: World) =>
      platform === "linux" ? readFile("/proc/sys/kernel/osrelease", "utf8").catch(() => "") : null,
    judge: (release: string | null) =>
      release !== null && /microsoft|wsl/i.test(release)
        ? [
            note(
              "this is WSL: Windows has a login of its own, and the clock may lag after sleep",
              "sign in on both sides, and set the clock if tokens seem to end early",
            ),
          ]
        : [skipped("this is not WSL")],
  }),
] as const;
