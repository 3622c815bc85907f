/**
 * The server closed the connection instead of answering.
 * A `TypeError`, because that is what `fetch` rejects with, so the handler can stand in for `fetch` as it is.
 */
export class DroppedConnection extends TypeError {
  constructor() {
    super("fetch failed", {
      cause: Object.assign(new Error("other side closed"), { code: "ECONNRESET" }),
    });
    this.name = "DroppedConnection";
  }
}
