import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A home of its own for one test: no path in it, and no variable in `env`, leads to a real login. */
export interface IsolatedHome {
  readonly home: string;
  /** `CLAUDE_CONFIG_DIR`. */
  readonly configDir: string;
  /** `XDG_STATE_HOME`. */
  readonly stateDir: string;
  /** The whole environment for a child; nothing but `PATH` and `LANG` is taken from this process. */
  readonly env: Record<string, string>;
  cleanup(): void;
}

/** Makes the folders (0700) in a new temporary directory. */
export function isolatedHome(): IsolatedHome {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pilotlight-test-")));
  const folder = (...parts: string[]): string => {
    const path = join(root, ...parts);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const home = folder("home");
  const configDir = folder("home", ".claude");
  const stateDir = folder("home", ".local", "state");
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LANG: process.env["LANG"] ?? "C.UTF-8",
    HOME: home,
    CLAUDE_CONFIG_DIR: configDir,
    ANTHROPIC_CONFIG_DIR: folder("home", ".config", "anthropic"),
    XDG_CONFIG_HOME: folder("home", ".config"),
    XDG_STATE_HOME: stateDir,
    XDG_CACHE_HOME: folder("home", ".cache"),
    TMPDIR: folder("tmp"),
  };
  const cleanup = () => rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  return { home, configDir, stateDir, env, cleanup };
}
