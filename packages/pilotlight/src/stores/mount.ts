import { readFile } from "node:fs/promises";

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  readonly mountPoint: string;
  readonly isReadOnly: boolean;
  /** Type of the file system, as in `ext4` or `tmpfs`. */
  readonly type: string;
}

/** Reads this process's mounts; an empty list where the system does not tell them. */
export async function readMounts(): Promise<readonly Mount[]> {
  try {
    return parseMounts(await readFile("/proc/self/mountinfo", "utf8"));
  } catch {
    return [];
  }
}

/** Parses `/proc/self/mountinfo` (proc(5)); lines that it does not understand are left out. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    const dash = fields.indexOf("-", 6);
    const [mountPoint, options] = [fields[4], fields[5]];
    const [type, superOptions] = [fields[dash + 1], fields[dash + 3]];
    if (dash === -1 || mountPoint === undefined || options === undefined || type === undefined) {
      return [];
    }
    const isReadOnly = [options, superOptions ?? ""].some((all) => all.split(",").includes("ro"));
    return [{ mountPoint: unescape(mountPoint), isReadOnly, type }];
  });
}

/** True when something is mounted on `path` itself (absolute, without symlinks). */
export function isMountPoint(mounts: readonly Mount[], path: string): boolean {
  return mounts.some((mount) => mount.mountPoint === path);
}

/** The mount that `path` (absolute, without symlinks) lies on: the deepest, and of those on one place the last. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | null {
  let best: Mount | null = null;
  for (const mount of mounts) {
    if (!isAtOrUnder(path, mount.mountPoint)) continue;
    if (best === null || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}

function isAtOrUnder(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

/** Undoes the kernel's octal escapes (`\040` is a space). They are bytes; all that occur are ASCII. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
