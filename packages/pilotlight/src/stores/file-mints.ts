import { join } from "node:path";
import type { Fingerprint } from "../core/credential.ts";
import type { DurableFiles } from "../core/ports.ts";
import { readState, writeState } from "./state/state-file.ts";

/** When a setup-token was minted and when it ends, in epoch ms: the token itself says neither. */
interface Mint {
  readonly fingerprint: Fingerprint;
  readonly mintedAt: number;
  readonly endsAt: number;
}

/** What is remembered of the setup-tokens that were minted here. Promises: a resolved `note` survives a crash. */
export interface Mints {
  /** @returns `null` for a token of elsewhere. @throws PilotlightError `state_newer`, `state_unreadable` */
  find(fingerprint: Fingerprint): Promise<Mint | null>;
  /** @throws PilotlightError `cannot_persist` */
  note(mint: Mint): Promise<void>;
}

/** `minted/<8 hex digits>.json` in the state directory, one for each token; holds none. */
export function fileMints(directory: string, files: DurableFiles): Mints {
  const pathOf = (fingerprint: Fingerprint) =>
    join(directory, "minted", `${fingerprint.replace(/^sha256:/, "")}.json`);
  return {
    async find(fingerprint) {
      const state = await readState(pathOf(fingerprint));
      if (state.kind !== "present") return null;
      const { mintedAt, endsAt } = state.fields;
      const isWhole = typeof mintedAt === "number" && typeof endsAt === "number";
      return isWhole ? { fingerprint, mintedAt, endsAt } : null;
    },
    note: (mint) => writeState(files, pathOf(mint.fingerprint), { ...mint }),
  };
}
