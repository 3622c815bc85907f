import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunCode } from "../../../src/core/verdict-row.ts";
import type { Reply, Sandbox } from "../../../src/sandbox/index.ts";
import type { ClaudeVersion } from "../../support/claude-builds.ts";
import type { IsolatedHome } from "../../support/isolated.ts";

/** One way to make a run of Claude Code end, and what its end must be recognised as. */
export interface CorpusCase {
  readonly id: string;
  readonly expected: RunCode | "ok" | Readonly<Record<ClaudeVersion, RunCode | "ok">>;
  /** Whether the session file must show that a repeat does nothing twice. */
  readonly isSafe: boolean;
  /** @returns what the child's environment needs besides. */
  readonly arrange: (scene: Scene) => Record<string, string> | void;
  readonly reply?: (sandbox: () => Sandbox) => Reply;
  readonly arguments?: readonly string[];
}

interface Scene {
  readonly sandbox: Sandbox;
  readonly home: IsolatedHome;
  store(document: object): void;
}

const signedIn = ({ store, sandbox }: Scene) => store(sandbox.signIn());
const NO_PATIENCE = { CLAUDE_CODE_MAX_RETRIES: "1" };

/** A tool call, after whose first use the credential is rejected and cannot be refreshed. */
const rejectAfterTool =
  (sandbox: () => Sandbox): Reply =>
  ({ tools }) => {
    const hasBash = tools.some((tool) => (tool as { name?: unknown }).name === "Bash");
    if (!hasBash) return "A title";
    sandbox().revokeAccess();
    sandbox().fault({ name: "token-403-html" });
    const input = { command: "echo done >> tool-ran", description: "Leave a trace" };
    return [{ type: "tool_use", name: "Bash", input }];
  };

export const CORPUS_CASES: readonly CorpusCase[] = [
  { id: "ok", expected: "ok", isSafe: false, arrange: signedIn },
  {
    id: "grant-rejected",
    // 2.1.104 only repeats the 401 for the token that had expired.
    expected: { "2.1.329": "login_ended", "2.1.216": "login_ended", "2.1.104": "auth_rejected" },
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      sandbox.fault({ name: "token-invalid-grant-400" });
    },
  },
  {
    id: "login-over",
    expected: { "2.1.329": "login_ended", "2.1.216": "login_ended", "2.1.104": "auth_rejected" },
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      sandbox.endLogin();
    },
  },
  {
    id: "revoked-and-no-refresh",
    expected: "auth_rejected",
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn());
      sandbox.revokeAccess();
      sandbox.fault({ name: "token-403-html" });
    },
  },
  {
    id: "revoked-with-403",
    expected: "auth_rejected",
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn());
      sandbox.fault({ name: "messages-403-revoked", shouldRetry: false });
      sandbox.fault({ name: "token-403-html" });
    },
  },
  {
    id: "rejected-after-tool",
    expected: "auth_rejected",
    isSafe: false,
    arrange: signedIn,
    reply: rejectAfterTool,
    arguments: ["--allowedTools", "Bash"],
  },
  {
    id: "organization",
    expected: {
      "2.1.329": "account_problem",
      "2.1.216": "organization_forbidden",
      "2.1.104": "organization_forbidden",
    },
    isSafe: true,
    arrange(scene) {
      signedIn(scene);
      scene.sandbox.fault({ name: "messages-403-organization" });
    },
  },
  {
    id: "usage-limit",
    expected: "usage_limit",
    isSafe: true,
    arrange(scene) {
      signedIn(scene);
      scene.sandbox.fault({ name: "messages-429-usage-limit", shouldRetry: false });
    },
  },
  {
    id: "throttled",
    expected: "overloaded",
    isSafe: true,
    arrange(scene) {
      signedIn(scene);
      scene.sandbox.fault({ name: "messages-429-throttled", shouldRetry: false });
    },
  },
  {
    id: "overloaded",
    expected: "overloaded",
    isSafe: true,
    arrange(scene) {
      signedIn(scene);
      scene.sandbox.fault({ name: "messages-529", shouldRetry: false });
      return NO_PATIENCE;
    },
  },
  { id: "no-credential", expected: "no_credential", isSafe: true, arrange: () => undefined },
  {
    id: "api-key-refused",
    expected: "wrong_credential",
    isSafe: true,
    arrange: () => ({ ANTHROPIC_API_KEY: "sk-ant-bad-TEST" }),
  },
  {
    id: "token-variable-refused",
    expected: "auth_rejected",
    isSafe: true,
    arrange: () => ({ CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-TEST-unknown" }),
  },
  {
    id: "line-break-in-token",
    expected: "wrong_credential",
    isSafe: true,
    arrange: () => ({ ANTHROPIC_AUTH_TOKEN: "TEST-bad\ntoken" }),
  },
  {
    id: "helper-fails",
    expected: "helper_failing",
    isSafe: true,
    arrange({ home }) {
      const settings = { apiKeyHelper: "echo broken >&2; exit 3" };
      writeFileSync(join(home.configDir, "settings.json"), JSON.stringify(settings));
    },
  },
  {
    id: "network",
    expected: "network_unavailable",
    isSafe: true,
    arrange(scene) {
      signedIn(scene);
      const nowhere = "http://127.0.0.1:9";
      return { ...NO_PATIENCE, HTTPS_PROXY: nowhere, https_proxy: nowhere };
    },
  },
  {
    id: "unknown-model",
    expected: "job_failed",
    isSafe: true,
    arrange: signedIn,
    arguments: ["--model", "none-such"],
  },
  {
    id: "turns-used-up",
    expected: "job_failed",
    isSafe: false,
    arrange: signedIn,
    reply:
      () =>
      ({ tools }) =>
        tools.some((tool) => (tool as { name?: unknown }).name === "Bash")
          ? [{ type: "tool_use", name: "Bash", input: { command: "true", description: "Nothing" } }]
          : "A title",
    arguments: ["--allowedTools", "Bash", "--max-turns", "1"],
  },
];

export function expectedOf({ expected }: CorpusCase, version: ClaudeVersion): RunCode | "ok" {
  return typeof expected === "string" ? expected : expected[version];
}
