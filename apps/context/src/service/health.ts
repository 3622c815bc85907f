import type { Claude } from "pilotlight/orchestrator";
import { withoutTokens } from "../core/without-tokens.ts";
import type { ContextStore } from "../storage/context-store.ts";
import type { ContextDesk } from "./context-desk.ts";
import {
  type CredentialHealth,
  credentialHealth,
  type Environment,
  type State,
  type Warning,
} from "./credential-health.ts";

export interface HealthParts {
  readonly claude: Claude;
  readonly auth: "api-key" | "subscription";
  readonly env: Environment;
  readonly store: ContextStore;
  readonly desk: ContextDesk;
}

/** What `GET /healthz` says. */
export interface HealthReport {
  readonly status: State;
  readonly checkedAt: string;
  readonly credential: CredentialHealth | null;
  readonly warnings: readonly Warning[];
  readonly questions: ReturnType<Claude["health"]>;
  readonly contexts: ReturnType<ContextDesk["counts"]>;
  readonly storage: "ok" | "failed";
}

/** Looks at everything a context needs. Asks nobody, spends nothing. */
export async function healthOf({
  claude,
  auth,
  env,
  store,
  desk,
}: HealthParts): Promise<HealthReport> {
  const [{ credential, warnings }, storage] = await Promise.all([
    credentialHealth(claude, auth, env),
    probed(store),
  ]);
  const { lastError, ...questions } = claude.health();
  const all = [...warnings, ...lastWarning(claude, auth), ...storage];
  return {
    status: worst(all),
    checkedAt: new Date().toISOString(),
    credential,
    warnings: all,
    questions: {
      ...questions,
      lastError: lastError && { ...lastError, detail: withoutTokens(lastError.detail) },
    },
    contexts: desk.counts(),
    storage: storage.length === 0 ? "ok" : "failed",
  };
}

/** A failure that calls for a person counts until the next answer. Of a login more is known than that; of a key nothing else. */
function lastWarning(claude: Claude, auth: HealthParts["auth"]): readonly Warning[] {
  const { isWell, lastError } = claude.health();
  if (isWell || lastError === null) return [];
  const { code, at } = lastError;
  const message = `the last question failed with ${code} at ${at}, and none was answered since`;
  return [{ state: auth === "api-key" ? "critical" : "warning", code, message, command: null }];
}

async function probed(store: ContextStore): Promise<readonly Warning[]> {
  try {
    await store.probe();
    return [];
  } catch (error) {
    const message = `the database cannot be used: ${(error as Error).message}`;
    return [{ state: "critical", code: "storage_unavailable", message, command: null }];
  }
}

function worst(warnings: readonly Warning[]): State {
  const states = warnings.map(({ state }) => state);
  if (states.includes("critical")) return "critical";
  return states.includes("warning") ? "warning" : "ok";
}
