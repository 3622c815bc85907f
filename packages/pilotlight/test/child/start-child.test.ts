import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endedWithUs } from "../../src/child/parent-death.ts";
import type { ChildSpec } from "../../src/child/child-spec.ts";
import { startChild } from "../../src/child/start-child.ts";
import { bareEnvironment, supervised } from "./fixtures/supervised.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "pilotlight-test-"));
  mkdirSync(join(root, "bin"));
  const file = (name: string, content: string, mode: number) => {
    writeFileSync(join(root, "bin", name), content);
    chmodSync(join(root, "bin", name), mode);
  };
  file("hello", "#!/bin/sh\necho hello from $0\n", 0o755);
  file("plain", "#!/bin/sh\n", 0o644);
  file("orphan", "#!/nowhere/interpreter\n", 0o755);
  file("setpriv-busybox", "#!/bin/sh\nexit 1\n", 0o755);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const specFor = (
  argv: readonly [string, ...string[]],
  more: Partial<ChildSpec> = {},
): ChildSpec => ({
  argv,
  env: bareEnvironment(),
  cwd: root,
  input: "inherit",
  output: "pass",
  ...more,
});

async function outputOf(spec: ChildSpec): Promise<string> {
  const child = await startChild(spec);
  if (child.kind === "not_started" || child.stdout === null) throw new Error("it did not start");
  return text(child.stdout);
}

describe("a child is started as it was asked for", () => {
  it("passes arguments unchanged, without a shell", async () => {
    const given = ["", "a b", "'\"", "$(id)", "`id`", "*", "\n", "\\", "--", "ünï 🎉", "%PATH%"];
    const print = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const told = await outputOf(specFor([process.execPath, "-e", print, "--", ...given]));
    expect(JSON.parse(told)).toEqual(given);
  });

  it("gives the environment it was given and nothing else", async () => {
    const env = { PATH: "/usr/bin:/bin", ODD: " a=b\nc ", EMPTY: "" };
    const told = await outputOf(specFor(["env", "-0"], { env }));
    expect(told.split("\0").filter(Boolean).toSorted()).toEqual(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
  });

  it("looks for the program on the child's PATH, in the child's directory", async () => {
    const env = { PATH: `${join(root, "bin")}:/usr/bin:/bin` };
    expect(await outputOf(specFor(["hello"], { env }))).toContain("hello from");
    expect(await outputOf(specFor(["bin/hello"]))).toContain("hello from");
    expect(await outputOf(specFor(["pwd"], { cwd: join(root, "bin") }))).toBe(`${root}/bin\n`);
  });

  it("leaves the child in our process group", async () => {
    const [child, ours] = await Promise.all([
      outputOf(specFor(["sh", "-c", "cut -d' ' -f5 /proc/self/stat"])),
      outputOf(specFor(["cut", "-d ", "-f5", `/proc/${process.pid}/stat`])),
    ]);
    expect(child).toMatch(/^\d+\n$/);
    expect(child).toBe(ours);
  });
});

describe("a command that cannot be started", () => {
  it.each([
    ["no-such-program", "not_found", /no program "no-such-program"/, 127],
    ["./bin/nothing", "not_found", /no program/, 127],
    ["./bin/orphan", "not_found", /interpreter/, 127],
    ["./bin/plain", "not_executable", /not executable/, 126],
    ["./bin", "not_executable", /is a directory/, 126],
    ["./bin/plain/deeper", "not_executable", /leads through a file/, 126],
    ["with\0nul", "failed", /could not be started/, 126],
  ])("%j is %s", async (program, reason, message) => {
    const child = await startChild(specFor([program]));
    expect(child).toMatchObject({ kind: "not_started", reason });
    expect(child).toHaveProperty("message", expect.stringMatching(message));
  });

  it("is told apart from a missing directory", async () => {
    const child = await startChild(specFor(["true"], { cwd: join(root, "gone") }));
    expect(child).toMatchObject({ kind: "not_started", reason: "no_directory" });
  });

  it("ends us as a shell would: 127 and 126", async () => {
    expect(await supervised({}, ["no-such-program"])).toMatchObject({ code: 127 });
    expect(await supervised({}, ["/tmp"])).toMatchObject({ code: 126 });
  });
});

describe("the command that ends with us", () => {
  it("is unchanged where setpriv is missing or does not know the option", () => {
    const hello = specFor(["./bin/hello", "x"]);
    expect(endedWithUs(hello, ["/nowhere/setpriv"])).toEqual(hello.argv);
    expect(endedWithUs(hello, [join(root, "bin", "setpriv-busybox")])).toEqual(hello.argv);
  });

  it("is unchanged where there is nothing to start, so that we can say so", () => {
    for (const name of ["no-such-program", "./bin/plain", "./bin"]) {
      expect(endedWithUs(specFor([name]))).toEqual([name]);
    }
  });
});
