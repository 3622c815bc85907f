/** bytes */
const LIMIT = 16 * 1024;

/** Reads a body as text; `null` when it is longer than 16 KiB. Stops reading there. */
export async function limitedBody(request: Request): Promise<string | null> {
  if (Number(request.headers.get("content-length") ?? 0) > LIMIT) return null;
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > LIMIT) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
