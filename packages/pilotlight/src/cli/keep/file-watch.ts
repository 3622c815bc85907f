import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Hints that files may have changed: one watch for each directory, since a watched file goes deaf when it is replaced. */
export interface FileWatch {
  /** Calls back when `path` may have been written, replaced or removed. @returns what ends that */
  on(path: string, changed: () => void): () => void;
  /** Watches again what has come, gone or been replaced since: a watched directory that is removed says nothing. */
  renew(): void;
  close(): void;
}

interface Watched {
  watcher: FSWatcher | null;
  inode: number | null;
  readonly listeners: Map<string, Set<() => void>>;
}

export function fileWatch(): FileWatch {
  const directories = new Map<string, Watched>();

  const call = ({ listeners }: Watched, name: string | null): void => {
    const called = name === null ? [...listeners.values()] : [listeners.get(name) ?? []];
    for (const each of called) for (const changed of each) changed();
  };

  const start = (directory: string, watched: Watched): void => {
    const inode = inodeOf(directory);
    if (watched.watcher !== null && watched.inode === inode) return;
    watched.watcher?.close();
    watched.watcher = null;
    watched.inode = inode;
    if (inode === null) return;
    try {
      const watcher = watch(directory, (_, name) => call(watched, name));
      // Too many watches, a file system that has none: whoever cares looks by itself now and then.
      watcher.on("error", () => watcher.close());
      watched.watcher = watcher;
    } catch {
      watched.inode = null;
    }
  };

  return {
    on(path, changed) {
      const [directory, name] = [dirname(path), basename(path)];
      const watched = directories.get(directory) ?? {
        watcher: null,
        inode: null,
        listeners: new Map<string, Set<() => void>>(),
      };
      directories.set(directory, watched);
      const listeners = watched.listeners.get(name) ?? new Set();
      watched.listeners.set(name, listeners.add(changed));
      start(directory, watched);
      return () => {
        listeners.delete(changed);
        if (listeners.size === 0) watched.listeners.delete(name);
        if (watched.listeners.size > 0) return;
        watched.watcher?.close();
        directories.delete(directory);
      };
    },
    renew() {
      for (const [directory, watched] of directories) {
        const before = watched.inode;
        start(directory, watched);
        if (watched.inode !== before) call(watched, null);
      }
    },
    close() {
      for (const { watcher } of directories.values()) watcher?.close();
      directories.clear();
    },
  };
}

/** `null` where nothing is there, or nobody may look. */
function inodeOf(directory: string): number | null {
  try {
    return statSync(directory).ino;
  } catch {
    return null;
  }
}
