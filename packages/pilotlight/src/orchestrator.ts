import { fileURLToPath } from "node:url";
import { openLogin } from "./cli/open-login.ts";
import { type Claude, claudeThrough } from "./orchestrator/create-claude.ts";
import type { ClaudeOptions } from "./orchestrator/settle.ts";

export type {
  Ask,
  AskEvent,
  AskResult,
  Auth,
  Backend,
  CredentialKind,
  Plan,
} from "./orchestrator/ask.ts";
export { ClaudeError } from "./orchestrator/claude-error.ts";
export type { Health } from "./orchestrator/bookkeeping.ts";
export type { Claude } from "./orchestrator/create-claude.ts";
export type { Persistence } from "./orchestrator/persist.ts";
export type { Schema, StandardSchema } from "./orchestrator/schema.ts";
export type { ClaudeOptions } from "./orchestrator/settle.ts";
export { type ModelUsage, type Usage, usageFrom, usageOnWire } from "./orchestrator/usage.ts";
export type { Fingerprint } from "./core/credential.ts";
export { type ErrorCode, PilotlightError, TRAITS, traitsOf } from "./core/errors.ts";

/** Opens Claude for a program. @throws PilotlightError `wrong_credential`, `usage` or `config_invalid` for options that cannot work */
export function createClaude(options: ClaudeOptions = {}): Claude {
  const program = fileURLToPath(new URL("../bin/pilotlight.mjs", import.meta.url));
  return claudeThrough({ pilotlight: [process.execPath, program], openLogin }, options);
}
