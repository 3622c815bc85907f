const WORD = /(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'])+/g;
const QUOTED = /"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(["'\\ ])/g;

/** The words of a systemd setting, each quoted as a whole, in part or not at all; without their quotes. */
export function wordsIn(text: string): readonly string[] {
  return [...text.matchAll(WORD)].map(([word]) => unquoted(word));
}

/** The text without the quotes that systemd takes away. */
export function unquoted(text: string): string {
  return text.replace(
    QUOTED,
    (_, double?: string, single?: string, escaped?: string) =>
      escaped ?? (double ?? single ?? "").replace(/\\(["'\\])/g, "$1"),
  );
}
