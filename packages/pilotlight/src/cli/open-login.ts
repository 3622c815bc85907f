import type { Environment } from "../claude/locations.ts";
import type { Fingerprint } from "../core/credential.ts";
import {
  type CheckedLogin,
  type CheckLimits,
  checkState,
  USUAL_LIMITS,
} from "../core/check-state.ts";
import { PilotlightError } from "../core/errors.ts";
import type { LoginStatus } from "../core/login-status.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Tell } from "../core/ports.ts";
import type { RefreshOptions } from "../core/wanted.ts";
import { refresh } from "../keeper/refresh.ts";
import { reject } from "../keeper/witness.ts";
import { checkFacts } from "./check/check-facts.ts";
import { chronicle } from "./chronicle.ts";
import { readConfig } from "./config.ts";
import { selectLogins } from "./logins.ts";
import { statusReport } from "./status-report.ts";
import { wire } from "./wire.ts";

export interface LoginOptions {
  /** Name of a configured login; the only one, or the one found without configuration, unless given. */
  readonly name?: string;
  /** The environment to look in; this process's own unless given. */
  readonly env?: Environment;
  /** Hears what happens; never a secret. */
  readonly tell?: Tell;
}

/** One login of this machine, for programs. */
export interface Login {
  readonly name: string;
  /** What is known; writes nothing, asks nobody. @throws PilotlightError `state_newer` */
  status(): Promise<LoginStatus>;
  /** Judges it as `pilotlight check` does, for a health check; writes nothing, asks nobody. @throws PilotlightError `state_newer` */
  check(limits?: Partial<CheckLimits>): Promise<CheckedLogin>;
  /** Renews the credential if that is due. Calls at the same time share one grant. @throws PilotlightError */
  refresh(options?: Partial<RefreshOptions>): Promise<Outcome>;
  /** Reports that the server rejected this access token; `by` names who says so. */
  reject(access: Fingerprint, by: string): Promise<boolean>;
}

/**
 * Opens a login as the command line would: same configuration, same files, same rules.
 * @throws PilotlightError `config_invalid`, or `usage` where `name` is missing among several or unknown.
 */
export async function openLogin(options: LoginOptions = {}): Promise<Login> {
  const config = await readConfig(options.env ?? process.env);
  const [login, ...others] = selectLogins(config, options.name);
  if (login === undefined || others.length > 0) {
    const names = config.logins.map(({ name }) => name).join(", ");
    throw new PilotlightError("usage", `several logins are configured, name one of: ${names}`);
  }
  const noted = chronicle(config.stateDir, login.name);
  const parts = wire(config, login, (event) => {
    noted.tell(event);
    options.tell?.(event);
  });
  const recorded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      await noted.write();
    }
  };
  return {
    name: login.name,
    async status() {
      const { logins } = await statusReport(config, [login], parts.clock.now());
      const [status] = logins;
      if (status === undefined) throw new PilotlightError("bug", "a status without its login");
      return status;
    },
    async check(limits = {}) {
      const now = parts.clock.now();
      const facts = await checkFacts(config, login, now);
      return checkState(facts, { ...USUAL_LIMITS, ...limits }, now);
    },
    refresh: (wish = {}) => recorded(refresh(parts, { force: false, minTtl: 0, ...wish })),
    reject: (access, by) => recorded(reject(parts, access, by)),
  };
}
