import type { Environment } from "../../claude/locations.ts";
import type { KeepEvent } from "../../keeper/keep-parts.ts";
import { type HookCall, runHook } from "../../notify/hook.ts";
import type { Config } from "../config.ts";

/** Runs the commands that the user wants run when something happens to a login, one after the other. */
export interface Hooks {
  call(call: HookCall): void;
  /** Resolves when none is running any more. */
  settled(): Promise<void>;
}

/** @param failed hears of a hook that did not succeed */
export function hooksOf(
  { hooks, env }: Pick<Config, "hooks" | "env">,
  failed: (call: HookCall, why: string) => void,
): Hooks {
  const clean = withoutCredentials(env);
  let last = Promise.resolve();
  return {
    call(call) {
      const command = hooks[call.event];
      if (command === null) return;
      last = last.then(async () => {
        const why = await runHook(command, call, clean);
        if (why !== null) failed(call, why);
      });
    },
    settled: () => last,
  };
}

/** What a hook is to be told of an event; `null` for nothing. */
export function hookCallOf(event: KeepEvent): HookCall | null {
  switch (event.kind) {
    case "renewed":
      return { event: event.isNewLogin ? "renewed" : "refreshed", login: event.login, code: null };
    case "failed":
      return { event: "failed", login: event.login, code: event.code };
    default:
      return null;
  }
}

/** Claude Code's own credentials are none of a hook's business; where a login lies may be. */
function withoutCredentials(env: Environment): Environment {
  const secret =
    /^(ANTHROPIC_|CLAUDE_).*(TOKEN|KEY|HEADERS|SECRET|PASSPHRASE)|^AWS_BEARER_TOKEN_BEDROCK$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)));
}
