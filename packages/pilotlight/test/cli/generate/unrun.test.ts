import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { needs } from "../../support/needs.ts";
import { anInstallation, AWKWARD } from "./an-installation.ts";

const wish = { isSystem: false, variant: null };
const awkward = { node: `${AWKWARD}/node`, script: `${AWKWARD}/p.mjs`, home: AWKWARD };
const made = (what: "launchd" | "task-scheduler", fields = {}) => {
  const { files, notes } = KINDS[what].make(anInstallation(fields), wish);
  return { text: files[0]?.text ?? "", notes: notes.join("\n") };
};

/** What another reader of XML makes of it. */
function readBy(script: string, input: string): unknown {
  const { stdout, stderr } = spawnSync("python3", ["-c", script], { input, encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("an agent of launchd", () => {
  it("says that nobody ran it here, and for which machine it is", () => {
    expect(made("launchd").text).toContain("Not run here");
    expect(made("launchd").notes).toContain("generate it on the Mac");
    expect(made("launchd", { platform: "darwin" }).notes).not.toContain("generate it on");
  });

  needs("python3").it("reads as a property list that leaves a refresh its time", () => {
    const script =
      "import plistlib,sys,json;print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
    const list = readBy(script, made("launchd", { ...awkward, variables: { A: "<&" } }).text);
    expect(list).toMatchObject({
      Label: "pilotlight.keep",
      ProgramArguments: [awkward.node, awkward.script, "keep"],
      EnvironmentVariables: { A: "<&" },
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 300,
      ExitTimeOut: 200,
      AbandonProcessGroup: true,
      Umask: 0o077,
    });
  });
});

describe("a task of Windows", () => {
  it("says that nobody ran it here, and what it cannot carry", () => {
    const { text, notes } = made("task-scheduler", { variables: { CLAUDE_CONFIG_DIR: "C:\\b" } });
    expect(text).toContain("Not run here");
    expect(notes).toContain("set CLAUDE_CONFIG_DIR for its user with setx");
  });

  needs("python3").it("reads as XML, and is never killed", () => {
    const script = `import xml.etree.ElementTree as E,sys,json
print(json.dumps({e.tag.split("}")[1]: e.text for e in E.fromstring(sys.stdin.read()).iter()}))`;
    const fields = { node: "C:\\a & b\\node.exe", script: "C:\\a & b\\p.mjs", login: "bot" };
    expect(readBy(script, made("task-scheduler", fields).text)).toMatchObject({
      Command: fields.node,
      Arguments: `"C:\\a & b\\p.mjs" refresh --login bot`,
      AllowHardTerminate: "false",
      ExecutionTimeLimit: "PT0S",
      MultipleInstancesPolicy: "IgnoreNew",
      Interval: "PT15M",
    });
  });
});
