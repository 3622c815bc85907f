import { StringDecoder } from "node:string_decoder";

/** Cuts bytes that come in pieces into lines, in bounded memory. */
export interface LineSplitter {
  /** True once a line was too long, and was therefore left out. */
  readonly hasSkipped: boolean;
  /** @returns the lines that are complete now, without their ends. */
  take(chunk: Uint8Array): readonly string[];
  /** What is left behind the last line end; "" where nothing is. */
  rest(): string;
}

/** @param limit the longest line, in characters */
export function lineSplitter(limit: number): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let size = 0;
  let hasSkipped = false;

  const add = (text: string): void => {
    size += text.length;
    if (size <= limit) parts.push(text);
    else parts = [];
  };
  const finish = (): string | null => {
    const line = size <= limit ? parts.join("") : null;
    if (line === null) hasSkipped = true;
    parts = [];
    size = 0;
    return line;
  };

  return {
    get hasSkipped() {
      return hasSkipped || size > limit;
    },
    take(chunk) {
      const lines: string[] = [];
      const pieces = decoder
        .write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
        .split("\n");
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) {
          const line = finish();
          if (line !== null) lines.push(line);
        }
        add(piece);
      }
      return lines;
    },
    rest: () => finish() ?? "",
  };
}
