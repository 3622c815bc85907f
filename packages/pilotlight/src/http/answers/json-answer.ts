/** An answer of one of the schemas. */
export function jsonAnswer(body: object): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    headers: { "content-type": "application/json" },
  });
}
