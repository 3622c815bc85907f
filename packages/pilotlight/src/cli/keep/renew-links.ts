import { isLoopback, urlOf } from "../../http/allowed-host.ts";
import type { LoginView } from "../../core/login-status.ts";
import { durableFiles } from "../../stores/durable-files.ts";
import { fileRenewLinks } from "../../stores/renew-links.ts";
import type { Config } from "../config.ts";

/** Where alerts send people to sign in. */
export interface RenewLinks {
  /** What all links begin with. */
  readonly page: string;
  /** The one that lives, made where there is none. @throws PilotlightError `cannot_persist`, `state_newer`, `state_unreadable` */
  linkTo(login: string, view: LoginView | null): Promise<string>;
}

/** `null` where there is no such page: it needs a passphrase, and an address at which people can reach it. */
export function renewLinks({
  keep,
  stateDir,
}: Pick<Config, "keep" | "stateDir">): RenewLinks | null {
  const base = addressOf(keep);
  if (keep.passphraseFile === null || base === null) return null;
  const page = `${base}/renew/`;
  const links = fileRenewLinks(stateDir, durableFiles());
  return {
    page,
    linkTo: async (login, view) =>
      `${page}${encodeURIComponent(login)}/${await links.idOf(login, loginEndIn(view))}`,
  };
}

/** Where people reach the pages: as configured, or on this machine and through a tunnel to it. */
function addressOf({ publicUrl, listen }: Config["keep"]): string | null {
  if (publicUrl !== null) return publicUrl;
  return listen === null || listen.port === 0 || !isLoopback(listen.host) ? null : urlOf(listen);
}

/** Epoch ms; `null` where the store does not tell it. */
export function loginEndIn(view: LoginView | null): number | null {
  return view?.entry.state === "present" ? view.entry.credential.loginEndsAt : null;
}
