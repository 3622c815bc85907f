import type { Reply, SandboxOptions } from "../../../src/sandbox/index.ts";
import { endLogin, fault, noFile, type ParityCase, revoke, RUNS } from "./parity-case.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";

const LIST_RETRIES: ParityCase["varies"] = {
  tokenPosts: [1, 2],
  build: "2.1.329",
  why: "it may end before the request that the refused profile leads to",
};
/** A model that uses one tool and is then done. */
const using = (name: string, input: Record<string, unknown>): SandboxOptions => {
  const reply: Reply = ({ messages }) =>
    JSON.stringify(messages).includes("tool_result")
      ? "done"
      : [
          { type: "text", text: "I use a tool." },
          { type: "tool_use", name, input },
        ];
  return { reply };
};
const BASH = using("Bash", { command: "echo x >> ran.txt", description: "adds a line" });

/** What the builds print and keep, command by command. */
export const COMMAND_CASES: readonly ParityCase[] = [
  { title: "mcp list with a fresh token", runs: [RUNS.list] },
  { title: "mcp list with an expired token", life: 0, runs: [RUNS.list] },
  { title: "mcp list with a dead grant", life: 0, meanwhile: endLogin, runs: [RUNS.list] },
  {
    title: "mcp list at a throttled endpoint",
    life: 0,
    ...fault("token-429"),
    runs: [RUNS.list],
    varies: LIST_RETRIES,
  },
  {
    title: "mcp list at an endpoint that answers 500",
    life: 0,
    ...fault("token-500"),
    runs: [RUNS.list],
    varies: LIST_RETRIES,
  },
  {
    title: "mcp list when the connection is reset",
    life: 0,
    ...fault("token-reset"),
    runs: [RUNS.list],
    varies: LIST_RETRIES,
  },
  {
    title: "mcp list waits for a slow endpoint",
    life: 0,
    faults: [{ name: "token-slow", delayMs: 1500, rotateAt: "start" }],
    runs: [RUNS.list],
  },
  { title: "auth status with a fresh token", runs: [RUNS.status] },
  {
    title: "auth status with an expired token",
    life: 0,
    runs: [RUNS.status],
    varies: { account: true, why: "the newer build may end before the profile is there" },
  },
  { title: "auth status with a dead grant", life: 0, meanwhile: endLogin, runs: [RUNS.status] },
  { title: "auth status without a credential", file: noFile, runs: [RUNS.status] },
  { title: "auth status with a revoked token", meanwhile: revoke, runs: [RUNS.status] },
  {
    title: "auth status with a bogus key",
    file: noFile,
    env: () => ({ ANTHROPIC_API_KEY: "sk-ant-api-TESTbad" }),
    runs: [RUNS.status],
  },
  {
    title: "an unknown model",
    runs: [["-p", ".", "--model", "none-such", "--max-turns", "1", "--output-format", "json"]],
  },
  {
    title: "a session id used twice",
    runs: [
      [...RUNS.json, "--session-id", SESSION],
      [...RUNS.json, "--session-id", SESSION],
    ],
  },
  { title: "a session gone on with", runs: [RUNS.json, ["-c", ...RUNS.json]] },
  {
    title: "a named session gone on with, and an unknown one",
    runs: [
      [...RUNS.json, "--session-id", SESSION],
      ["-r", SESSION, ...RUNS.json],
      ["--resume", SESSION.replaceAll("1", "2"), ...RUNS.json],
    ],
  },
  { title: "a session that is not kept", runs: [[...RUNS.json, "--no-session-persistence"]] },
  { title: "a prompt from stdin", runs: [["-p"]], input: "say hello" },
  { title: "no prompt at all", runs: [["-p"]] },
  {
    title: "two turns from stdin",
    runs: [["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]],
    input: ["one", "two"]
      .map((content) => `${JSON.stringify({ type: "user", message: { role: "user", content } })}\n`)
      .join(""),
  },
  {
    title: "a tool that may run",
    sandbox: BASH,
    runs: [[...RUNS.stream, "--dangerously-skip-permissions"]],
  },
  { title: "a tool that may not run", sandbox: BASH },
  {
    title: "the limit of turns",
    sandbox: BASH,
    runs: [[...RUNS.json, "--dangerously-skip-permissions", "--max-turns", "1"]],
  },
  { title: "its version", runs: [["--version"]] },
];
