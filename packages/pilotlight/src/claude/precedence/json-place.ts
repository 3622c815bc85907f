import { DEEPEST } from "../../core/json-object.ts";

/**
 * Finds where a text stops being JSON that we can read, without quoting any of it: it may hold tokens.
 * @returns `line 3, column 7: it is not JSON` for the first character that does not fit, or `null` for valid JSON.
 */
export function jsonFault(text: string): string | null {
  const reader = new Reader(text);
  const isWhole = reader.value() && reader.ends();
  if (isWhole) return null;
  const lines = text.slice(0, reader.at).split("\n");
  const what = reader.isTooDeep ? `nested deeper than ${DEEPEST} levels` : "not JSON";
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}: it is ${what}`;
}

const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
const SPACE = /[ \t\n\r]*/y;

/** A recursive descent over JSON (RFC 8259) that only remembers how far it came. */
class Reader {
  at = 0;
  isTooDeep = false;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    this.#take(SPACE);
    const opening = this.#text[this.at];
    if (opening === "{") return this.#sequence("}", () => this.#member());
    if (opening === "[") return this.#sequence("]", () => this.value());
    return this.#take(STRING) || this.#take(SCALAR);
  }

  ends(): boolean {
    this.#take(SPACE);
    return this.at === this.#text.length;
  }

  #member(): boolean {
    this.#take(SPACE);
    return this.#take(STRING) && this.#sign(":") && this.value();
  }

  #sequence(closing: string, element: () => boolean): boolean {
    // Before the stack ends.
    this.isTooDeep ||= this.#depth === DEEPEST;
    if (this.isTooDeep) return false;
    this.#depth += 1;
    const isWhole = this.#elements(closing, element);
    this.#depth -= 1;
    return isWhole;
  }

  #elements(closing: string, element: () => boolean): boolean {
    this.at += 1;
    if (this.#sign(closing)) return true;
    do if (!element()) return false;
    while (this.#sign(","));
    return this.#sign(closing);
  }

  #sign(sign: string): boolean {
    this.#take(SPACE);
    const isHere = this.#text[this.at] === sign;
    if (isHere) this.at += 1;
    return isHere;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const length = pattern.exec(this.#text)?.[0].length;
    this.at += length ?? 0;
    return length !== undefined;
  }
}
