import { cut } from "../core/alerts/cut.ts";

/** Text that moves no cursor and turns no line around: control characters but line breaks, and bidirectional ones, are shown as U+FFFD. */
export function plain(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(/(?!\n)\p{Cc}|[\u202A-\u202E\u2066-\u2069\u200E\u200F]/gu, "\uFFFD");
}

/** The same in one line of at most `length` UTF-16 units. */
export function plainLine(text: string, length: number): string {
  return cut(plain(text).replace(/\s*\n\s*/g, " "), length);
}

/** Escapes a text character by character, so that the result has at most `length` UTF-16 units and ends with a whole one. */
export function fitEscaped(
  text: string,
  length: number,
  escape: (character: string) => string,
): string {
  let whole = "";
  let shortened = "";
  for (const character of text) {
    whole += escape(character);
    if (whole.length > length) return `${shortened}…`;
    if (whole.length < length) shortened = whole;
  }
  return whole;
}

/** The start of a text that takes at most `bytes` in UTF-8. */
export function fitBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // What was cut in the middle decodes to U+FFFD at the end.
  const start = new TextDecoder().decode(encoded.subarray(0, bytes - 3)).replace(/\uFFFD+$/, "");
  return `${start}…`;
}
