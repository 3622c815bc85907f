/** Narrower than any terminal that breaks lines. */
const NARROWEST = 30;

/**
 * What a text can have been before something that shows it broke its lines, at words or at its edge;
 * lines that end for a reason of their own stay as they are.
 */
export function unwrapped(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  const broken = lines.slice(0, -1);
  const width = Math.max(...broken.map(({ length }) => length));
  if (lines.length < 2 || width < NARROWEST) return [text];
  const isWrapped = broken.every((line, at) => {
    const [word = ""] = (lines[at + 1] ?? "").split(" ");
    return line.length === width || (word !== "" && line.length + 1 + word.length > width);
  });
  if (!isWrapped) return [text];
  const atEdges = lines.map((line) => (line.length === width ? line : `${line} `)).join("");
  return [lines.join(" "), atEdges.trimEnd()];
}
