import { spawnSync } from "node:child_process";
import type { Disk } from "./night.ts";

/** ms. */
const PROBE_PATIENCE = 10_000;

/** How to run a command where mounts are its own; the second way is for users who are not root. */
const NAMESPACES = [
  ["unshare", "-m", "--propagation", "private"],
  ["unshare", "-Urm", "--propagation", "private"],
] as const;

/** A way to give one command a disk of its own; `null` where the system allows none, as in most containers. */
export type DiskActs = {
  /** The command that runs `argv` with this disk under `home`, whose credential is `file`. */
  wrap(disk: Disk, places: { home: string; file: string }, argv: readonly string[]): string[];
} | null;

/** Finds out whether mounts can be made here, by making some in `folder`. */
export function diskActs(folder: string, path: string): DiskActs {
  const works = ([program, ...args]: (typeof NAMESPACES)[number]) => {
    const options = {
      env: { PATH: path },
      cwd: folder,
      stdio: "ignore",
      timeout: PROBE_PATIENCE,
    } as const;
    return spawnSync(program, [...args, "sh", "-c", PROBE], options).status === 0;
  };
  const namespace = NAMESPACES.find(works);
  if (namespace === undefined) return null;
  return {
    wrap(disk, { home, file }, argv) {
      const place = disk === "full" ? home : file;
      return [...namespace, "sh", "-c", SCRIPTS[disk], "sh", place, ...argv];
    },
  };
}

const PROBE = `set -e
mkdir -p disk kept; : >file
mount --bind disk kept
mount -t tmpfs -o size=64k,mode=700 tmpfs disk
mount --bind -o ro file file`;

const SCRIPTS: Readonly<Record<Disk, string>> = {
  // What the command changed on the full disk is still there when the disk has room again. Transcripts have room: where
  // they have none, 2.1.329 ends with exit 1 whatever became of its login (measured 2026-11).
  full: `set -e
place=$1; kept=$1.kept; spared=.claude/projects; shift
mkdir -p "$kept" "$place/$spared"
mount --bind "$place" "$kept"
mount -t tmpfs -o size=8m,mode=700 tmpfs "$place"
cp -a "$kept/." "$place/"
mount --bind "$kept/$spared" "$place/$spared"
dd if=/dev/zero of="$place/filling" bs=4k 2>/dev/null || true
code=0; "$@" || code=$?
umount "$place/$spared"
rm -r "$place/filling" "$place/$spared"
find "$kept" -mindepth 1 ! -path "$kept/.claude" ! -path "$kept/$spared" ! -path "$kept/$spared/*" -delete
cp -a "$place/." "$kept/"
umount "$kept"
rmdir "$kept"
exit $code`,
  "read-only": `set -e
place=$1; shift
mount --bind -o ro "$place" "$place"
exec "$@"`,
};
