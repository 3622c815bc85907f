import { PilotlightError } from "../core/errors.ts";

/**
 * @param instead what can be typed there, where something can
 * @throws PilotlightError `unsupported` where Claude Code keeps its login in the Keychain
 */
export function refuseKeychain(instead?: string): void {
  if (process.platform !== "darwin") return;
  const place = "the login is in the macOS Keychain";
  const detail = instead === undefined ? place : `${place}; type \`${instead}\` there`;
  throw new PilotlightError("unsupported", detail);
}
