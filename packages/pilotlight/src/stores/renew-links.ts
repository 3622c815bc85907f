import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DurableFiles } from "../core/ports.ts";
import { readState, writeState } from "./state/state-file.ts";

/**
 * The address of a login's renew page: it lives until it is used, or until somebody signs in some other way. `loginEndsAt`
 * (epoch ms) tells that: a refresh does not move it, a sign-in does.
 */
export interface RenewLinks {
  /** Made when there is none. @throws PilotlightError `cannot_persist`, `state_newer`, `state_unreadable` */
  idOf(login: string, loginEndsAt: number | null): Promise<string>;
  /** @throws PilotlightError `state_newer`, `state_unreadable` */
  isCurrent(login: string, id: string, loginEndsAt: number | null): Promise<boolean>;
  /** It has been used. */
  end(login: string): Promise<void>;
}

/** `renew/<login>.json` in the state directory. */
export function fileRenewLinks(directory: string, files: DurableFiles): RenewLinks {
  const pathOf = (login: string) => join(directory, "renew", `${login}.json`);
  const living = async (login: string, loginEndsAt: number | null): Promise<string | null> => {
    const state = await readState(pathOf(login));
    if (state.kind !== "present" || typeof state.fields["id"] !== "string") return null;
    // While nobody knows when the login ends (its file is blank, or gone), nobody has signed in.
    const isOver = loginEndsAt !== null && state.fields["loginEndsAt"] !== loginEndsAt;
    return isOver ? null : state.fields["id"];
  };
  return {
    async idOf(login, loginEndsAt) {
      const known = await living(login, loginEndsAt);
      if (known !== null) return known;
      const id = randomBytes(16).toString("base64url");
      await writeState(files, pathOf(login), { id, loginEndsAt });
      return id;
    },
    isCurrent: async (login, id, loginEndsAt) => (await living(login, loginEndsAt)) === id,
    end: (login) => rm(pathOf(login), { force: true }),
  };
}
