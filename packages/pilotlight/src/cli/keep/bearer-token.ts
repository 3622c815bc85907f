import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errnoOf, PilotlightError } from "../../core/errors.ts";
import { inQuotes } from "../../core/login-command.ts";
import { Secret } from "../../core/secret.ts";

/** bytes */
const LONGEST = 4096;

/**
 * Reads the token that guards the HTTP face; a line break at its end is not part of it.
 * @throws PilotlightError `config_invalid` unless only its owner may read the file and it holds one word of up to 4 KiB.
 */
export async function readBearerToken(path: string): Promise<Secret> {
  const refuse = (why: string): never => {
    throw new PilotlightError("config_invalid", `${path}: ${why}`);
  };
  // A pipe without a writer would be waited for without end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) =>
    refuse(`the token file cannot be read (${errnoOf(error) ?? "unknown"})`),
  );
  try {
    const stats = await file.stat();
    if (!stats.isFile()) refuse("the token file is no regular file");
    // Windows has no such bits.
    if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
      refuse(`others may read the token file; chmod 600 ${inQuotes(path)}`);
    }
    const buffer = Buffer.alloc(LONGEST + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > LONGEST) refuse("the token file is longer than 4 KiB");
    const token = buffer.toString("utf8", 0, bytesRead).trim();
    if (token === "") refuse("the token file is empty");
    if (!/^[\x21-\x7e]+$/.test(token)) refuse("the token is more than one word of ASCII");
    return new Secret(token);
  } finally {
    await file.close();
  }
}
