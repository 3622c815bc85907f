import { connect, type Socket } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection on which anything can be sent. */
export interface RawConnection {
  send(bytes: string | Buffer): void;
  /** Waits for so many answers, or for the end. @throws Error for an answer that is malformed, or late */
  answers(count: number): Promise<readonly RawAnswer[]>;
  /** Waits until the server has closed. @returns what came since the last complete answer */
  closed(): Promise<string>;
  /** Whether requests from now on are answered with a body, as all but HEAD are. */
  expectBodies(hasBodies: boolean): void;
  destroy(): void;
}

const PATIENCE = 20_000;

export async function rawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, "127.0.0.1");
  const parser = new AnswerParser();
  const state = { isClosed: false, error: null as Error | null };
  let wake = () => {};
  socket.on("data", (chunk) => {
    try {
      parser.add(chunk);
    } catch (error) {
      state.error = error as Error;
    }
    wake();
  });
  // A reset is one way of closing.
  socket.on("error", () => {});
  socket.on("close", () => {
    state.isClosed = true;
    wake();
  });
  await connected(socket);
  const until = async (isTrue: () => boolean) => {
    const timer = setTimeout(() => {
      state.error = new Error(`nothing more came: ${parser.rest().slice(0, 200)}`);
      wake();
    }, PATIENCE);
    while (!isTrue() && state.error === null) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    clearTimeout(timer);
    if (state.error !== null) throw state.error;
  };
  return {
    send: (bytes) => void socket.write(bytes),
    async answers(count) {
      await until(() => parser.answers.length >= count || state.isClosed);
      return parser.answers.splice(0);
    },
    async closed() {
      await until(() => state.isClosed);
      return parser.rest();
    },
    expectBodies: (hasBodies) => void (parser.hasBodies = hasBodies),
    destroy: () => socket.destroy(),
  };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
}

class AnswerParser {
  readonly answers: RawAnswer[] = [];
  hasBodies = true;
  #buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#take());
  }

  rest(): string {
    return this.#buffer.toString("latin1");
  }

  /** Takes one whole answer off the buffer. */
  #take(): boolean {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [line = "", ...fields] = this.#buffer.toString("latin1", 0, end).split("\r\n");
    const [, code] = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(line) ?? [];
    if (code === undefined) throw new Error(`no status line: ${line}`);
    const headers = new Map(fields.map(parseField));
    const status = Number(code);
    const body = this.#bodyAt(end + 4, status, headers);
    if (body === null) return false;
    this.#buffer = this.#buffer.subarray(body.end);
    if (status >= 200) this.answers.push({ status, headers, body: body.text });
    return true;
  }

  #bodyAt(start: number, status: number, headers: ReadonlyMap<string, string>) {
    if (!this.hasBodies || status < 200 || status === 204) return { text: "", end: start };
    if (headers.get("transfer-encoding") === "chunked") return this.#chunksAt(start);
    const length = Number(headers.get("content-length"));
    if (!Number.isInteger(length)) throw new Error(`no length in an answer ${status}`);
    const end = start + length;
    if (this.#buffer.length < end) return null;
    return { text: this.#buffer.toString("utf8", start, end), end };
  }

  #chunksAt(start: number) {
    let text = "";
    for (let at = start; ;) {
      const line = this.#buffer.indexOf("\r\n", at);
      if (line < 0) return null;
      const size = Number.parseInt(this.#buffer.toString("latin1", at, line), 16);
      if (!Number.isInteger(size)) throw new Error("no size of a chunk");
      const next = line + 2 + size + 2;
      if (this.#buffer.length < next) return null;
      text += this.#buffer.toString("utf8", line + 2, line + 2 + size);
      if (size === 0) return { text, end: next };
      at = next;
    }
  }
}

function parseField(field: string): readonly [string, string] {
  const [, name, value] = /^([!-9;-~]+): ?([ -~]*)$/.exec(field) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no header field: ${field}`);
  return [name.toLowerCase(), value];
}
