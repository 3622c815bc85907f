import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fingerprintOf } from "../../../src/claude/fingerprint.ts";

export const YEAR = 31_536_000_000;

/** As if a token had been minted on this machine. @param endsAt epoch ms */
export function noteMint(state: string, token: string, endsAt: number): void {
  const fingerprint = fingerprintOf(token);
  const path = join(state, "minted", `${fingerprint.replace("sha256:", "")}.json`);
  mkdirSync(dirname(path), { recursive: true });
  const mint = { schema: 1, fingerprint, mintedAt: endsAt - YEAR, endsAt };
  writeFileSync(path, JSON.stringify(mint));
}
