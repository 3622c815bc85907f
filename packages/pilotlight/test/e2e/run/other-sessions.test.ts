import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "../../../src/claude/output/session-file.ts";
import { until } from "../support/expectations.ts";
import { STREAM } from "./a-conversation.ts";
import { type JobScene, openJobScene, putProgram, runOf } from "./a-job.ts";

const HELLO = ["claude", "-p", "say hello"];
const RENEWED = /^pilotlight: login_renewed: [^\n]*\n$/;
const REFUSAL = "Failed to authenticate. API Error: 401 Invalid bearer token";
const REFUSED = `echo '${REFUSAL}'; exit 1`;

/** A scene with a login in it, whose `claude` notes its arguments in `starts` and does what `script` says. */
async function sceneOf(script: string): Promise<JobScene> {
  const scene = await openJobScene("2.1.329");
  scene.write(scene.sandbox.signIn());
  putProgram(join(scene.home.home, "bin", "claude"), `echo "$*" >> starts\n${script}`);
  return scene;
}

function startsIn({ home }: JobScene): readonly string[] {
  const path = join(home.home, "starts");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

interface SessionTerms {
  readonly prompt?: string;
  /** What stands between the prompt and the refusal. */
  readonly deeds?: readonly object[];
  /** Where it was held; `null` for the directory of the job. */
  readonly cwd?: string | null;
}

/** A shell's way to write a session that ended with a 401. */
function session(id: string, { prompt = "say hello", deeds = [], cwd = null }: SessionTerms = {}) {
  const model = "<synthetic>";
  const refusal = { role: "assistant", model, content: [{ type: "text", text: REFUSAL }] };
  const failed = { isApiErrorMessage: true, error: "authentication_failed", apiErrorStatus: 401 };
  const entries = [
    { type: "user", message: { role: "user", content: prompt } },
    ...deeds,
    { type: "assistant", message: refusal, ...failed },
  ];
  const place = cwd === null ? '"$(pwd -P)"' : `'${cwd}'`;
  const lines = entries.map((entry) => JSON.stringify({ ...entry, cwd: "@", timestamp: "%" }));
  return `at=${place}
    folder="$CLAUDE_CONFIG_DIR/projects/$(printf %s "$at" | sed 's/[^A-Za-z0-9]/-/g')"
    mkdir -p "$folder"
    sed "s|%|$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)|; s|@|$at|" >> "$folder/${id}.jsonl" <<'END'
${lines.join("\n")}
END
`;
}

const DEED = {
  type: "assistant",
  message: { role: "assistant", model: "m", content: [{ type: "tool_use", name: "Bash" }] },
};

describe("a job beside another Claude Code in its directory", () => {
  it("is repeated, or goes on, by a session of its own", async () => {
    const repeated = await sceneOf(`${session("own")}${REFUSED}`);
    await repeated.job([], HELLO);
    expect(startsIn(repeated)).toHaveLength(2);
    const resumed = await sceneOf(`${session("own", { deeds: [DEED] })}${REFUSED}`);
    await resumed.job(["--retry", "resume"], HELLO);
    expect(startsIn(resumed)).toEqual(["-p say hello", "--print --resume=own"]);
  });

  const others: readonly (readonly [string, SessionTerms, readonly string[]])[] = [
    ["keeps none itself", {}, [...HELLO, "--no-session-persistence"]],
    ["was asked something else", { prompt: "say no" }, HELLO],
  ];

  it.each(others)(
    "is not repeated by the other's session, where it %s",
    async (_, terms, command) => {
      const scene = await sceneOf(`${session("other", terms)}${REFUSED}`);
      const ended = await scene.job([], command);
      expect(startsIn(scene)).toHaveLength(1);
      expect(ended.code).toBe(75);
      expect(ended.stderr).toMatch(RENEWED);
    },
  );

  it.each(others)("never goes on with it, where it %s", async (_, terms, command) => {
    const write = session("other", { ...terms, deeds: [DEED] });
    const scene = await sceneOf(`${write}${REFUSED}`);
    const ended = await scene.job(["--retry", "resume"], command);
    expect(startsIn(scene)).toHaveLength(1);
    expect(ended.code).toBe(75);
  });

  it.each([["safe"], ["resume"]])("leaves a session alone that is older (%s)", async (retry) => {
    const scene = await sceneOf(`${session("old")}${REFUSED}`);
    const { home, configDir } = scene.home;
    const folder = join(configDir, "projects", projectFolder(realpathSync(home)));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "old.jsonl"), "");
    const ended = await scene.job(["--retry", retry], HELLO);
    expect(startsIn(scene)).toHaveLength(1);
    expect(ended.code).toBe(75);
  });
});

describe("a command that is not Claude Code", () => {
  it("ends with its own 0, whatever was refused meanwhile", async () => {
    const scene = await sceneOf("exit 1");
    const ended = await scene.job([], ["sh", "-c", `${session("other")}exit 0`]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });

  it("that fails is believed by the one session of its directory", async () => {
    const scene = await sceneOf("exit 1");
    const ended = await scene.job([], ["sh", "-c", `${session("its")}exit 3`]);
    expect(ended.code).toBe(75);
    expect(ended.stderr).toMatch(RENEWED);
    expect(scene.sandbox.grants()).toMatchObject({ refreshes: 1 });
  });

  it.each([
    ["of another directory", session("other", { cwd: "/srv/elsewhere" })],
    ["that is one of two", `${session("one")}${session("two")}`],
  ])("that fails is not believed by a session %s", async (_, write) => {
    const scene = await sceneOf("exit 1");
    const ended = await scene.job([], ["sh", "-c", `${write}exit 3`]);
    expect([ended.code, ended.stderr]).toEqual([3, ""]);
    expect(scene.sandbox.tokenPosts()).toEqual([]);
  });
});

describe("a job that is talked to", () => {
  it("answers its client before it is asked anything", async () => {
    const lines = [
      '{"type":"control_response","response":{"subtype":"success","request_id":"1"}}',
      '{"type":"result","is_error":false,"result":"answered","num_turns":1}',
    ];
    const scene = await sceneOf(lines.map((line) => `read line; echo '${line}'`).join("\n"));
    const job = scene.begin(runOf([], ["claude", ...STREAM]));
    job.write('{"type":"control_request","request_id":"1","request":{"subtype":"initialize"}}\n');
    await until("the answer to the client", () => job.stdout().includes("control_response"));
    job.write('{"type":"user","message":{"role":"user","content":"say hello"}}\n');
    job.close();
    const ended = await job.ended;
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, `${lines.join("\n")}\n`, ""]);
  });
});

describe("a job that is told to end", () => {
  it("may say nothing, and ends as Claude Code does", async () => {
    const sleep = "sleep 60 >/dev/null 2>&1 & nap=$!";
    const scene = await sceneOf(`${sleep}\ntrap 'kill $nap; exit 0' TERM\ntouch ready\nwait`);
    const job = scene.begin(runOf([], HELLO), { stdin: "" });
    await until("the job", () => existsSync(join(scene.home.home, "ready")));
    job.kill("SIGTERM");
    const ended = await job.ended;
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, "", ""]);
  });
});

describe("a job whose requests go to a gateway", () => {
  const GATEWAY = { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" };
  const retry = '{"type":"system","subtype":"api_retry","error_status":401}';
  const result = `{"type":"result","is_error":true,"api_error_status":401,"result":"${REFUSAL}"}`;
  const events = ["--output-format", "stream-json", "--verbose"];

  it.each([
    ["its environment", "text", GATEWAY, REFUSED, HELLO],
    ["its settings", "text", {}, REFUSED, HELLO],
    [
      "its environment",
      "stream-json",
      GATEWAY,
      `echo '${retry}'; sleep 1; echo '${result}'; exit 1`,
      [...HELLO, ...events],
    ],
  ])(
    "by %s costs the login nothing when that refuses (%s)",
    async (_, __, env, script, command) => {
      const scene = await sceneOf(script);
      const before = scene.text();
      if (env !== GATEWAY)
        writeFileSync(
          join(scene.home.configDir, "settings.json"),
          JSON.stringify({ env: GATEWAY }),
        );
      const ended = await scene.job([], command, { env });
      expect(scene.sandbox.tokenPosts()).toEqual([]);
      expect(scene.text()).toBe(before);
      expect(ended.stderr).toMatch(/^pilotlight: gateway_rejected: [^\n]*\n$/m);
      expect(startsIn(scene)).toHaveLength(1);
    },
  );
});
