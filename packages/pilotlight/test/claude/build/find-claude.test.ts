import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findClaude } from "../../../src/claude/build/find-claude.ts";
import { type IsolatedHome, isolatedHome } from "../../support/isolated.ts";

let home: IsolatedHome;
let bin: string;
let env: Record<string, string>;

beforeEach(() => {
  home = isolatedHome();
  bin = join(home.home, "bin");
  mkdirSync(bin);
  env = { ...home.env, PATH: [bin, home.env["PATH"]].join(delimiter) };
});
afterEach(() => home.cleanup());

function program(path: string, text = "#!/bin/sh\nexit 0\n"): string {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

const refusal = (code: string, part = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

describe("finding Claude Code", () => {
  it("by path", async () => {
    const path = program(join(bin, "claude-2"));
    expect(await findClaude(path, env)).toEqual({ argv: [path], files: [path] });
  });

  it("by a path with blanks around and in it", async () => {
    const path = program(join(bin, "my claude"));
    expect((await findClaude(` ${path}\n`, env)).argv).toEqual([path]);
  });

  it("by a path under the home directory", async () => {
    const path = program(join(bin, "claude"));
    expect((await findClaude("~/bin/claude", env)).argv).toEqual([path]);
  });

  it("by name on PATH, first come first served, and only what can be run", async () => {
    const other = join(home.home, "other");
    mkdirSync(other);
    writeFileSync(join(bin, "claude"), "not executable");
    const path = program(join(other, "claude"));
    const both = { ...env, PATH: ["", bin, other].join(delimiter) };
    expect((await findClaude("claude", both)).argv).toEqual([path]);
    program(join(bin, "claude"));
    expect((await findClaude("claude", both)).argv).toEqual([join(bin, "claude")]);
  });

  it("by a relative PATH, as an absolute path: it runs in its stage", async () => {
    program(join(bin, "claude"));
    const near = { ...env, PATH: relative(process.cwd(), bin) };
    expect((await findClaude("claude", near)).argv).toEqual([join(bin, "claude")]);
  });

  it("through a symlink, whose target is the build", async () => {
    const target = program(join(home.home, "claude-2.1.329"));
    symlinkSync(target, join(bin, "claude"));
    expect(await findClaude("claude", env)).toEqual({
      argv: [join(bin, "claude")],
      files: [realpathSync(target)],
    });
  });

  it("as a JSON array, whose script is the build and not its runtime", async () => {
    const script = join(home.home, "cli.js");
    writeFileSync(script, "");
    const node = program(join(bin, "node"));
    expect(await findClaude(JSON.stringify(["node", "--flag", script, "x"]), env)).toEqual({
      argv: [node, "--flag", script, "x"],
      files: [script],
    });
  });

  it("as a JSON array with a relative script, made absolute", async () => {
    const script = join(home.home, "cli.js");
    writeFileSync(script, "");
    const given = relative(process.cwd(), script);
    const { argv, files } = await findClaude(JSON.stringify([process.execPath, given]), env);
    expect(argv).toEqual([process.execPath, script]);
    expect(files).toEqual([script]);
  });

  it("counts the manifest beside a script to the build: a launcher looks the same in every version", async () => {
    const script = program(join(home.home, "cli-wrapper.cjs"), "#!/usr/bin/env node\n");
    writeFileSync(join(home.home, "package.json"), '{"version":"2.1.329"}');
    symlinkSync(script, join(bin, "claude"));
    const { files } = await findClaude("claude", env);
    expect(files).toEqual([script, join(home.home, "package.json")]);
  });

  it.each(["[", "[]", "[1]", '["claude", 2]', '[["claude"]]', "[claude]"])(
    "refuses %s as an array of texts",
    async (text) => {
      await expect(findClaude(text, env)).rejects.toThrowError(refusal("config_invalid", text));
    },
  );

  it.each([["no-such-claude"], ["/no/such/claude"], ['["no-such-claude"]'], ['[""]']])(
    "says that there is none for %s",
    async (text) => {
      await expect(findClaude(text, env)).rejects.toThrowError(refusal("cli_not_found"));
    },
  );

  it("does not take a directory for a program", async () => {
    mkdirSync(join(bin, "claude"));
    await expect(findClaude(join(bin, "claude"), env)).rejects.toThrowError(
      refusal("cli_not_found", join(bin, "claude")),
    );
  });

  it("hints at the array where arguments were written after the program", async () => {
    await expect(findClaude("node /opt/cli.js", env)).rejects.toThrowError(
      refusal("cli_not_found", "JSON array"),
    );
  });
});

describe("finding Claude Code through npx", () => {
  /** An npm that notes its arguments and provides a folder with `claude` and `other`, as `npm exec` would. */
  function fakeNpm(): () => readonly string[] {
    const provided = join(home.home, "provided");
    mkdirSync(provided);
    program(join(provided, "claude"));
    program(join(provided, "other"));
    const noted = join(home.home, "npm-arguments");
    const lines = ['printf "%s\\n" "$@" > "$NOTED"', "shift 4", 'PATH="$PROVIDED:$PATH" exec "$@"'];
    program(join(bin, "npm"), `#!/bin/sh\n${lines.join("\n")}\n`);
    Object.assign(env, { NOTED: noted, PROVIDED: provided });
    return () => readFileSync(noted, "utf8").split("\n");
  }

  it.each([
    ["npx @anthropic-ai/claude-code", "@anthropic-ai/claude-code", ["claude"]],
    ["npx -y @anthropic-ai/claude-code@2.1.329", "@anthropic-ai/claude-code@2.1.329", ["claude"]],
    [
      "npx --yes -- @anthropic-ai/claude-code --debug",
      "@anthropic-ai/claude-code",
      ["claude", "--debug"],
    ],
    ["npx -p @anthropic-ai/claude-code claude", "@anthropic-ai/claude-code", ["claude"]],
    [
      "npx -y --package=@anthropic-ai/claude-code other -x",
      "@anthropic-ai/claude-code",
      ["other", "-x"],
    ],
    ["npx --package @anthropic-ai/claude-code", "@anthropic-ai/claude-code", ["claude"]],
  ])("%s asks npm once, and is not started through npx", async (text, spec, parts) => {
    const noted = fakeNpm();
    const { argv, files } = await findClaude(text, env);
    const path = join(home.home, "provided", parts[0] ?? "");
    expect(argv).toEqual([path, ...parts.slice(1)]);
    expect(files).toEqual([path]);
    expect(noted().slice(0, 4)).toEqual(["exec", "--yes", `--package=${spec}`, "--"]);
  });

  it.each(["npx -y", "npx --package=", "npx -p"])(
    "refuses %s, which names no package",
    async (text) => {
      fakeNpm();
      await expect(findClaude(text, env)).rejects.toThrowError(refusal("config_invalid", text));
    },
  );

  it("says that npm is missing, or what it could not provide", async () => {
    const text = "npx -y @anthropic-ai/claude-code";
    const without = { ...env, PATH: bin };
    await expect(findClaude(text, without)).rejects.toThrowError(refusal("cli_not_found", "npm"));
    program(join(bin, "npm"), "#!/bin/sh\nexit 1\n");
    await expect(findClaude(text, env)).rejects.toThrowError(
      refusal("cli_not_found", "@anthropic-ai/claude-code"),
    );
  });
});
