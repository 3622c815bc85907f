import { access, constants, lstat, realpath, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../../../core/errors.ts";
import { inQuotes } from "../../../core/login-command.ts";
import { isMountPoint } from "../../../stores/mount.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import type { LoginWorld } from "../world.ts";

/** Where a login's store lies, and whether what is renewed could be kept there. */
export const placeChecks = [
  loginCheck({
    id: "store-owner",
    title: "only the job's user can read the credential",
    fm: ["FM-29"],
    gather: storeOwner,
    judge: judgeOwner,
  }),
  loginCheck({
    id: "store-mount",
    title: "the credential is not mounted as a single file, nor read-only",
    fm: ["FM-26", "FM-27"],
    gather: storeMount,
    judge: judgeMount,
  }),
  loginCheck({
    id: "store-links",
    title: "the credential has one name",
    fm: ["FM-26"],
    gather: async ({ state }: LoginWorld) => {
      const path = state.locations.credentialsFile;
      const stats = await lstat(path).catch(() => null);
      return (
        stats && { path, isLink: stats.isSymbolicLink(), names: stats.isFile() ? stats.nlink : 1 }
      );
    },
    judge: (facts) => {
      if (facts === null) return [skipped("there is no file")];
      const advice = "give the job that directory by CLAUDE_CONFIG_DIR instead of a link";
      if (facts.isLink) {
        const what = `${facts.path} is a symlink: Claude Code from 2.1.216 on replaces it by a file`;
        return [warning(what, advice)];
      }
      if (facts.names > 1) {
        const what = `${facts.path} has ${facts.names} names: a refresh by Claude Code parts them`;
        return [warning(what, advice)];
      }
      return [ok("a plain file")];
    },
  }),
  loginCheck({
    id: "lock-place",
    title: "Claude Code's locks can be made",
    fm: ["FM-30"],
    gather: lockPlace,
    judge: judgeLockPlace,
  }),
  loginCheck({
    id: "room-to-persist",
    title: "a renewed credential would be kept",
    fm: ["FM-13", "FM-32"],
    gather: async ({ state, machine }: LoginWorld) => [
      { ...(await roomIn(state.locations.lockDir)), isStore: true },
      { ...(await roomIn(machine.config.stateDir)), isStore: false },
    ],
    judge: (rooms: readonly (Room & { readonly isStore: boolean })[]) =>
      rooms.map(({ path, trouble, free, isStore }) => {
        if (isStore && trouble === "EROFS") return note(`${path} is mounted read-only`);
        if (trouble !== null) return failure("cannot_persist", `${path}: ${trouble}`);
        if (free !== null && free < LEAST_ROOM) {
          const what = `${path}: only ${Math.floor(free / 1024)} KiB are free`;
          return failure("cannot_persist", what);
        }
        return ok(`${path} can be written`);
      }),
  }),
];

const LEAST_ROOM = 1024 * 1024;

interface OwnerFacts {
  readonly path: string;
  /** False for what a link leads to and is no login. */
  readonly isLogin: boolean;
  readonly mode: number;
  readonly owner: number;
  readonly directoryMode: number;
  readonly uid: number;
}

async function storeOwner({ state, entry, machine }: LoginWorld): Promise<OwnerFacts | null> {
  if (machine.uid === null) return null;
  const path = await realpath(state.locations.credentialsFile).catch(() => null);
  if (path === null) return null;
  const [file, directory] = [await stat(path), await stat(dirname(path))];
  if (!file.isFile()) return null;
  const modes = { mode: file.mode & 0o777, directoryMode: directory.mode & 0o777 };
  const isLogin = entry.state === "present";
  return { path, isLogin, ...modes, owner: file.uid, uid: machine.uid };
}

function judgeOwner(facts: OwnerFacts | null): readonly Finding[] {
  if (facts === null) return [skipped("there is no file, or no such thing as a mode here")];
  const { path, isLogin, mode, owner, uid, directoryMode } = facts;
  const findings: Finding[] = [];
  if ((mode & 0o077) !== 0) {
    const what = `${path} has mode ${printMode(mode)}: other users can use the login`;
    const repair = isLogin && owner === uid ? { repair: "file-mode" as const } : {};
    const command = `chmod 600 ${quoted(path)}`;
    findings.push(warning(what, "leave it to its owner", { command, ...repair }));
  }
  if ((directoryMode & 0o022) !== 0) {
    const what = `${dirname(path)} has mode ${printMode(directoryMode)}: other users can replace the login`;
    const command = `chmod 700 ${quoted(dirname(path))}`;
    findings.push(warning(what, "leave it to its owner", { command }));
  }
  if (owner !== uid && uid === 0) {
    const what = `${path} belongs to uid ${owner}, and this is root`;
    findings.push(note(what, "run Claude Code as the owner: what root makes there locks them out"));
  } else if (owner !== uid) {
    const what = `${path} belongs to uid ${owner}, and this is uid ${uid}`;
    findings.push(warning(what, "run as the owner, or sign in as this user"));
  }
  return findings.length > 0 ? findings : [ok(`mode ${printMode(mode)}, uid ${owner}`)];
}

interface MountFacts {
  readonly path: string;
  readonly isSingleFile: boolean;
  readonly isReplaced: boolean;
  readonly isReadOnly: boolean;
  readonly hasRefreshToken: boolean;
}

async function storeMount({ state, entry, machine }: LoginWorld): Promise<MountFacts | null> {
  const path = await realpath(state.locations.credentialsFile).catch(() => null);
  if (path === null) return null;
  const { nlink } = await stat(path);
  const writable = await access(path, constants.W_OK).then(
    () => null,
    (error: unknown) => errnoOf(error),
  );
  return {
    path,
    isSingleFile: isMountPoint(machine.mounts, path),
    isReplaced: nlink === 0,
    isReadOnly: writable === "EROFS",
    hasRefreshToken: entry.state === "present" && entry.credential.refreshToken !== null,
  };
}

function judgeMount(facts: MountFacts | null): readonly Finding[] {
  if (facts === null) return [skipped("there is no file")];
  const { path, isSingleFile, isReplaced, isReadOnly, hasRefreshToken } = facts;
  const fix = "mount the directory that holds it, read-write";
  if (isReplaced) {
    const what = `${path} was replaced where it is mounted from: this is the old one`;
    return [failure("cannot_persist", what, { fix: `restart, and ${fix}` })];
  }
  if (isReadOnly && hasRefreshToken) {
    const what = `${path} is mounted read-only with a refresh token in it: claude would spend the token and lose what it gets`;
    return [
      warning(what, `start claude through pilotlight run only, which isolates it; or ${fix}`),
    ];
  }
  if (isReadOnly) return [note(`${path} is mounted read-only, without a refresh token`)];
  if (isSingleFile) {
    const what = `${path} is mounted as a single file: a rename on either side parts the two`;
    return [warning(what, `${fix}; or set write = "in-place" on both sides`)];
  }
  return [ok("neither mounted as one file nor read-only")];
}

interface LockPlace {
  readonly directory: string;
  /** `null` when it takes a new directory. */
  readonly refusal: string | null;
  readonly isParentOpen: boolean;
  readonly hasRefreshToken: boolean;
}

async function lockPlace({ state, entry }: LoginWorld): Promise<LockPlace | null> {
  const directory = await realpath(state.locations.lockDir).catch(() => null);
  if (directory === null) return null;
  return {
    directory,
    refusal: await refusalOf(directory),
    isParentOpen: (await refusalOf(dirname(directory))) === null,
    hasRefreshToken: entry.state === "present" && entry.credential.refreshToken !== null,
  };
}

function judgeLockPlace(facts: LockPlace | null): readonly Finding[] {
  if (facts === null) return [skipped("there is no directory")];
  const { directory, refusal, isParentOpen, hasRefreshToken } = facts;
  if (refusal !== null) {
    const what = `${directory} takes no new directory, so nothing can lock or refresh here`;
    // Of a read-only mount that is told once, as what is wrong with the store.
    const isTrouble = hasRefreshToken && refusal !== "EROFS";
    return [isTrouble ? failure("cannot_persist", what) : note(what)];
  }
  if (!isParentOpen) {
    const what = `${dirname(directory)} takes no new directory: Claude Code up to 2.1.104 cannot refresh here, and newer builds share no lock with it`;
    return [warning(what, "point CLAUDE_CONFIG_DIR below a directory this user can write")];
  }
  return [ok(`in ${directory} and beside it`)];
}

interface Room {
  readonly path: string;
  readonly trouble: string | null;
  /** Bytes; `null` where the file system has no limit. */
  readonly free: number | null;
}

/** Looks at `path`, or at the nearest directory above that is there. */
async function roomIn(path: string): Promise<Room> {
  const found = await stat(path).catch(() => null);
  if (found === null && dirname(path) !== path) return { ...(await roomIn(dirname(path))), path };
  if (found?.isDirectory() !== true) return { path, trouble: "it is no directory", free: null };
  try {
    await access(path, constants.W_OK | constants.X_OK);
    const { blocks, bavail, bsize } = await statfs(path);
    return { path, trouble: null, free: blocks > 0 ? bavail * bsize : null };
  } catch (error) {
    return { path, trouble: errnoOf(error) ?? String(error), free: null };
  }
}

/** The system's code for why nothing can be made in a directory; `null` where it can. */
async function refusalOf(directory: string): Promise<string | null> {
  return access(directory, constants.W_OK | constants.X_OK).then(
    () => null,
    (error: unknown) => errnoOf(error) ?? String(error),
  );
}

/** For a shell: a path may hold anything. */
function quoted(path: string): string {
  return /^[\w./+@:-]+$/.test(path) ? path : inQuotes(path);
}

function printMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
