import type { Environment } from "../../claude/locations.ts";
import type { KeepEvent } from "../../keeper/keep-parts.ts";
import { type HookCall, runHook } from "../../notify/hook.ts";
import type { Config } from "../config.ts";

/** What happens to a login of itself; an alert goes its own way. */
type KeepHookCall = HookCall & { readonly event: Exclude<HookCall["event"], "alert"> };

/** Runs the commands that the user wants run when something happens to a login, one after the other. */
export interface Hooks {
  call(call: KeepHookCall): void;
  /** Resolves when none is running any more. */
  settled(): Promise<void>;
}

/** @param failed hears of a hook that did not succeed */
export function hooksOf(
  { hooks, env }: Pick<Config, "hooks" | "env">,
  failed: (call: KeepHookCall, why: string) => void,
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
export function hookCallOf(event: KeepEvent): KeepHookCall | null {
  switch (event.kind) {
    case "renewed":
      return { event: event.isNewLogin ? "renewed" : "refreshed", login: event.login, code: null };
    case "failed":
      return { event: "failed", login: event.login, code: event.code };
    default:
      return null;
  }
}

/** Claude Code's own credentials are none of a command's business; where a login lies may be. */
export function withoutCredentials(env: Environment): Environment {
  const secret =
    /^(ANTHROPIC_|CLAUDE_).*(TOKEN|KEY|HEADERS|SECRET|PASSPHRASE)|^AWS_BEARER_TOKEN_BEDROCK$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)));
}
