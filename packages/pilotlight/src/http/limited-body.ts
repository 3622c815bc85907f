import type { RefusalCode } from "./problem.ts";

/** bytes */
const LIMIT = 16 * 1024;

/** Reads a body as text, and no further than 16 KiB. One that breaks off is its sender's mistake. */
export async function limitedBody(
  request: Request,
): Promise<
  | { readonly text: string }
  | { readonly refused: Extract<RefusalCode, "body_too_large" | "bad_request"> }
> {
  const tooLarge = { refused: "body_too_large" } as const;
  if (Number(request.headers.get("content-length") ?? 0) > LIMIT) return tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.byteLength;
      if (length > LIMIT) return tooLarge;
      chunks.push(chunk);
    }
  } catch {
    return { refused: "bad_request" };
  }
  return { text: Buffer.concat(chunks).toString("utf8") };
}
