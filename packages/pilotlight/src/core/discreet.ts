import { scrub } from "./scrub.ts";

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;

/** Somebody else's words as they may leave the machine: without anything like a token or an e-mail address. */
export function discreet(text: string): string {
  return scrub(text).replace(EMAIL, "[e-mail]");
}
