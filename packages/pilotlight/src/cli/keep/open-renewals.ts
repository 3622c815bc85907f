import { randomBytes } from "node:crypto";
import { PilotlightError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import type { RenewPageParts } from "../../http/renew/add-renew-page.ts";
import type { RenewalState } from "../../http/renew/renewal.ts";
import { type Renewals, renewals } from "../../http/renew/renewals.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { fileRenewLinks } from "../../stores/renew-links.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../system-clock.ts";
import { readSecretFile } from "../secret-file.ts";
import type { KeepSession } from "./keep-session.ts";
import type { Log } from "./keep-log.ts";
import { loginEndIn } from "./renew-links.ts";

/** ms that a code is waited for, as `pilotlight login` waits. */
const PATIENCE = 15 * 60_000;

const PHRASE = {
  pattern: /^[\x20-\x7e]{12,}$/,
  words: "line of at least 12 characters of ASCII",
};

/** The renewals of a daemon, whichever session it is in. */
export function openRenewals(current: () => KeepSession, log: Log): Renewals {
  return renewals({
    patience: PATIENCE,
    told: (login, state) => {
      if (state.kind === "signed_in") void endLink(current(), login, log);
      tell(login, state, log);
    },
    async beginSignIn(name, signal) {
      const { config } = current();
      const login = config.logins.find((one) => one.name === name);
      if (login === undefined) throw new PilotlightError("usage", `there is no login ${name} now`);
      // Few sign in, and what that needs is not small.
      const { openRenewal } = await import("../login/open-renewal.ts");
      return openRenewal(config, login, signal);
    },
  });
}

/** @throws PilotlightError `config_invalid` unless the passphrase can be read, is its owner's alone and long enough */
export async function readPassphrase(path: string | null): Promise<Secret | null> {
  return path === null ? null : readSecretFile(path, "passphrase file", PHRASE);
}

export function renewPage(current: () => KeepSession, passphrase: Secret): RenewPageParts {
  return {
    passphrase,
    newId: () => randomBytes(32).toString("base64url"),
    monotonic: () => systemClock.monotonic(),
    async isCurrent(login, id) {
      const { config, keeper } = current();
      const view = keeper.logins().find(({ name }) => name === login)?.view ?? null;
      return linksOf(config).isCurrent(login, id, loginEndIn(view));
    },
  };
}

const linksOf = ({ stateDir }: Config) => fileRenewLinks(stateDir, durableFiles());

async function endLink({ config }: KeepSession, login: string, log: Log): Promise<void> {
  await linksOf(config)
    .end(login)
    .catch((error: unknown) => {
      const message = `the used renew link cannot be removed: ${String(error)}`;
      log({ level: "warn", login, message });
    });
}

function tell(login: string, state: RenewalState, log: Log): void {
  switch (state.kind) {
    case "waiting":
      if (state.complaint !== null) {
        return log({ level: "warn", login, message: `renew page: ${state.complaint}` });
      }
      return log({ level: "info", login, message: "renew page: a sign-in waits for its code" });
    case "signed_in":
      return log({ level: "info", login, message: "renew page: signed in and proved" });
    case "failed": {
      const { code, detail } = state;
      return log({ level: "warn", login, code, message: `renew page: ${detail}` });
    }
    default:
  }
}
