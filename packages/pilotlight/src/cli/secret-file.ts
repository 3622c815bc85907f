import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errnoOf, PilotlightError } from "../core/errors.ts";
import { inQuotes } from "../core/login-command.ts";
import { Secret } from "../core/secret.ts";

/** bytes */
const LONGEST = 4096;

const WORD = { pattern: /^[\x21-\x7e]+$/, words: "single word of ASCII" };

/**
 * Reads a file that holds one secret; a line break at its end is not part of it.
 * @param what names the file in errors, such as `token file`
 * @param accepts what it may hold; one word of ASCII unless told
 * @throws PilotlightError `config_invalid` unless only its owner may read the file and it holds that, in up to 4 KiB.
 */
export async function readSecretFile(
  path: string,
  what: string,
  accepts: { readonly pattern: RegExp; readonly words: string } = WORD,
): Promise<Secret> {
  const refuse = (why: string): never => {
    throw new PilotlightError("config_invalid", `${path}: ${why}`);
  };
  // A pipe without a writer would be waited for without end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) =>
    refuse(`the ${what} cannot be read (${errnoOf(error) ?? "unknown"})`),
  );
  try {
    const stats = await file.stat();
    if (!stats.isFile()) refuse(`the ${what} is no regular file`);
    // Windows has no such bits.
    if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
      refuse(`others may read the ${what}; chmod 600 ${inQuotes(path)}`);
    }
    const buffer = Buffer.alloc(LONGEST + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > LONGEST) refuse(`the ${what} is longer than 4 KiB`);
    const text = buffer.toString("utf8", 0, bytesRead).trim();
    if (text === "") refuse(`the ${what} is empty`);
    if (!accepts.pattern.test(text)) refuse(`what is in the ${what} is no ${accepts.words}`);
    return new Secret(text);
  } finally {
    await file.close();
  }
}
