import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { handOnCommands, type PlaceKind } from "../../../src/cli/login/hand-on.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";
import { needs } from "../../support/needs.ts";

const TOKEN = "sk-ant-oat01-TEST-hand-on";

let home: IsolatedHome;
let path: string;
beforeEach(() => {
  home = isolatedHome();
  path = join(home.home, "the bot's file");
  const bin = join(home.home, "bin");
  mkdirSync(bin);
  // Each notes its arguments and, where it is to read one, what the file or its input holds.
  const program = `#!/bin/sh
printf '%s\\n' "$@" > "$HOME/arguments"
for word; do case $word in
  *=/dev/stdin | -) exec cat > "$HOME/secret" ;;
  *=/*) exec cat "/\${word#*=/}" > "$HOME/secret" ;;
  /*) exec cat "$word" > "$HOME/secret" ;;
esac; done
exec cat > "$HOME/secret"
`;
  for (const name of ["docker", "kubectl", "gh", "systemd-creds"]) {
    writeFileSync(join(bin, name), program);
    chmodSync(join(bin, name), 0o700);
  }
});
afterEach(() => home.cleanup());

const FILES: readonly [PlaceKind, string, string][] = [
  ["env-file", "an env file", `A=1\nCLAUDE_CODE_OAUTH_TOKEN=${TOKEN}\nB=2\n`],
  ["env-file", "an env file that a shell sources", `export CLAUDE_CODE_OAUTH_TOKEN=${TOKEN}\n`],
  ["systemd-credential", "a file of its own", TOKEN],
];

needs("sh", "sed", "tr", "cat", "linux").describe("a token in a file", () => {
  it.each(FILES)(
    "(%s: %s) is handed on by each command, and by no argument of it",
    (kind, _name, text) => {
      writeFileSync(path, text);
      const commands = handOnCommands(kind, path);
      expect(commands.length).toBeGreaterThanOrEqual(3);
      for (const command of commands) {
        const env = { ...home.env, PATH: `${join(home.home, "bin")}:${home.env["PATH"] ?? ""}` };
        const { status, stderr } = spawnSync("sh", ["-c", command], { env, encoding: "utf8" });
        expect([command, status, stderr]).toEqual([command, 0, ""]);
        expect(readFileSync(join(home.home, "secret"), "utf8")).toBe(TOKEN);
        expect(command + readFileSync(join(home.home, "arguments"), "utf8")).not.toContain(TOKEN);
      }
    },
  );
});
