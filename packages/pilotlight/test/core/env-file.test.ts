import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasOthers, parseEnvFile, setInEnvFile } from "../../src/core/env-file.ts";

const variables = (text: string) => {
  const read = parseEnvFile(text);
  return read.kind === "variables" ? read.variables : read.reason;
};

describe("an env file", () => {
  it.each<[string, string, Record<string, string>]>([
    ["nothing", "", {}],
    ["a variable", "A=1\n", { A: "1" }],
    ["no line break at its end", "A=1", { A: "1" }],
    ["comments and empty lines", "# A=0\n\n; B=0\n  \nA=1\n", { A: "1" }],
    ["a # inside of a value", "A=1#2 # 3\n", { A: "1#2 # 3" }],
    ["an = inside of a value", "A=b=c\n", { A: "b=c" }],
    ["quotes", `A="x y"\nB='$x'\n`, { A: "x y", B: "$x" }],
    ["a quote inside of a word", "A=it's\n", { A: "it's" }],
    ["export", "export A=1\n", { A: "1" }],
    ["blanks around it", "  A= 1 \t\n", { A: "1" }],
    ["line ends of Windows", "A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["an empty value", "A=\n", { A: "" }],
    ["one name twice, the last of which counts", "A=1\nA=2\n", { A: "2" }],
  ])("is read with %s", (_name, text, expected) => {
    expect(variables(text)).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ["a name without a value", "A=1\nTOKEN\n", "line 2 is no NAME=value"],
    ["JSON", '{"claudeAiOauth":{"accessToken":"sk-ant-oat01-TEST"}}', "line 1 is no NAME=value"],
    ["a name with a dash", "A-B=1", "line 1 is no NAME=value"],
    ["a byte order mark", "\uFEFFA=1", "line 1 is no NAME=value"],
    ["an open quote", 'A="x\ny"', "line 1 has a value"],
    ["something behind a quote", 'A="x" y', "line 1 has a value"],
    ["a value that goes on in the next line", "A=x\\\ny", "line 1 has a value"],
    ["an escape in quotes", 'A="x\\n"', "line 1 has a value"],
    ["a control character", "A=x\u0000y", "line 1 holds a control character"],
  ])("is refused with %s, by its line and without its words", (_name, text, reason) => {
    const said = variables(text);
    expect(said).toContain(reason);
    expect(said).not.toContain("TEST");
  });
});

describe("a variable that is set in an env file", () => {
  it.each<[string, string, string]>([
    ["makes a file", "", "T=new\n"],
    ["is one more line", "A=1\n", "A=1\nT=new\n"],
    ["gets a line of its own", "A=1", "A=1\nT=new\n"],
    ["stands where it stood", "# mine\nT=old\nA=1\n", "# mine\nT=new\nA=1\n"],
    ["keeps its export", "export T='old'\n", "export T=new\n"],
    ["keeps the line ends of Windows", "T=old\r\nA=1\r\n", "T=new\r\nA=1\r\n"],
    ["leaves no older value behind", "T=older\nA=1\nT=old\n", "A=1\nT=new\n"],
    ["is not the one in a comment", "# T=old\n", "# T=old\nT=new\n"],
    ["is not one whose name goes on", "TT=1\nMY_T=2\n", "TT=1\nMY_T=2\nT=new\n"],
  ])("%s", (_name, before, after) => {
    expect(setInEnvFile(before, "T", "new")).toBe(after);
  });

  it("is read back, and every other one as before, in whatever file", () => {
    const line = fc.oneof(
      fc.constantFrom("", "# note", "; note", "T=old", "export T=old", "T='old'"),
      fc
        .tuple(fc.stringMatching(/^[A-SU-Z_]\w{0,4}$/), fc.stringMatching(/^[\w =#.]{0,8}$/))
        .map(([name, value]) => `${name}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("", "\n"), (lines, end) => {
        const text = lines.join("\n") + end;
        const before = variables(text);
        expect(variables(setInEnvFile(text, "T", "new"))).toEqual({
          ...(before as object),
          T: "new",
        });
      }),
    );
  });

  it("is told from what stands beside it", () => {
    expect(hasOthers("# note\nexport T=1\n", "T")).toBe(false);
    expect(hasOthers("T=1\nA=1\n", "T")).toBe(true);
  });
});
