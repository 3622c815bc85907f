import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { KINDS } from "../../../src/cli/generate/kinds.ts";
import { needs } from "../../support/needs.ts";
import { anInstallation } from "./an-installation.ts";

const { files } = KINDS["github-actions"].make(anInstallation(), {
  isSystem: false,
  variant: null,
});
const text = files[0]?.text ?? "";
const { steps } = parse(text).jobs.claude;

const DAY = 86_400_000;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** What the step says of a token that was made so many days ago. */
function judged(minted: string) {
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["--norc", "-eo", "pipefail", "-c", steps[0].run],
    {
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      env: { PATH: process.env["PATH"], MINTED: minted },
    },
  );
  return { status, said: stdout.split("::")[1] ?? "", text: stdout, stderr };
}
const aged = (days: number) => judged(dayOf(Date.now() - days * DAY));

describe("a workflow", () => {
  it("gives the token to the one step that needs it, and names its versions", () => {
    const holders = steps.filter((step: object) => JSON.stringify(step).includes("secrets."));
    expect(holders).toHaveLength(1);
    expect(holders[0].run).toMatch(/^pilotlight run --auth subscription -- claude -p /);
    expect(parse(text).permissions).toEqual({ contents: "read" });
    expect(steps[3].run).toContain("@anthropic-ai/claude-code@2.1.329");
    expect(text).not.toContain("latest");
    expect(steps[0].run).not.toMatch(/CLAUDE_CODE_OAUTH_TOKEN|secrets/);
  });

  needs("linux", "bash").describe("in its check of the token's age", () => {
    it.each([
      [0, 0, ""],
      [334, 0, ""],
      [335, 0, "warning"],
      [364, 0, "warning"],
      [365, 1, "error"],
      [800, 1, "error"],
    ])("after %d days ends with %d %s", (days, status, said) => {
      expect(aged(days)).toMatchObject({ status, said, stderr: "" });
    });

    it("counts what is left", () => {
      expect(aged(335).text).toContain("ends in 30 days");
    });

    it.each(["", "2026-13-45", "yesterday", "$(id)", dayOf(Date.now() + 3 * DAY)])(
      "refuses %j",
      (minted) => {
        expect(judged(minted)).toMatchObject({ status: 1, said: "error" });
      },
    );
  });
});
