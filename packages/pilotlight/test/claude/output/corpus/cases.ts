import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunCode } from "../../../../src/core/verdict-row.ts";
import type { Reply, Sandbox } from "../../../../src/sandbox/index.ts";
import { CLAUDE_VERSIONS } from "../../../support/claude-builds.ts";
import type { IsolatedHome } from "../../../support/isolated.ts";

/** The builds whose runs are kept: those that the tests start, and one that was only recorded. */
export const CORPUS_VERSIONS = [...CLAUDE_VERSIONS, "2.1.118"] as const;
export type CorpusVersion = (typeof CORPUS_VERSIONS)[number];

/** One way to make a run of Claude Code end, and what its end must be recognised as. */
export interface CorpusCase {
  readonly id: string;
  readonly expected: RunCode | "ok" | Readonly<Record<CorpusVersion, RunCode | "ok">>;
  /** Whether the session file of a failed run must show that a repeat does nothing twice. */
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

/** 2.1.104 and 2.1.118 only repeat the 401 for the token that had expired. */
const AFTER_INVALID_GRANT = {
  "2.1.329": "login_ended",
  "2.1.216": "login_ended",
  "2.1.118": "auth_rejected",
  "2.1.104": "auth_rejected",
} as const;

export const CORPUS_CASES: readonly CorpusCase[] = [
  { id: "ok", expected: "ok", isSafe: false, arrange: signedIn },
  {
    id: "grant-rejected",
    expected: AFTER_INVALID_GRANT,
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      sandbox.fault({ name: "token-invalid-grant-400" });
    },
  },
  {
    id: "login-over",
    expected: AFTER_INVALID_GRANT,
    isSafe: true,
    arrange({ sandbox, store }) {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      sandbox.endLogin();
    },
  },
  {
    id: "blanked-store",
    expected: {
      "2.1.329": "login_ended",
      "2.1.216": "login_ended",
      "2.1.118": "no_credential",
      "2.1.104": "no_credential",
    },
    isSafe: true,
    arrange({ sandbox, store }) {
      const { claudeAiOauth } = sandbox.signIn();
      const blank = { accessToken: "", refreshToken: "", expiresAt: 0 };
      store({ claudeAiOauth: { ...claudeAiOauth, ...blank } });
    },
  },
  {
    id: "orphaned-lock",
    expected: {
      "2.1.329": "lock_busy",
      "2.1.216": "auth_rejected",
      // The older ones wait until it is stale, and take it over.
      "2.1.118": "ok",
      "2.1.104": "ok",
    },
    isSafe: true,
    arrange({ sandbox, store, home }) {
      store(sandbox.signIn({ accessTokenLife: 0 }));
      mkdirSync(join(home.configDir, ".oauth_refresh.lock"));
      mkdirSync(`${home.configDir}.lock`);
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
      "2.1.118": "organization_forbidden",
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

export function expectedOf({ expected }: CorpusCase, version: CorpusVersion): RunCode | "ok" {
  return typeof expected === "string" ? expected : expected[version];
}
