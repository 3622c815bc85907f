import { request } from "node:http";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Question {
  readonly url: URL;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
  /** ms. */
  readonly timeout: number;
}

/** No answer came; the message is what the real builds' HTTP client says, as they write it to their debug log. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** It was given up after the time it had. */
  readonly isLate: boolean;

  constructor(message: string, { isLate, cause }: { isLate: boolean; cause?: unknown }) {
    super(message, { cause });
    this.isLate = isLate;
  }
}

/** A real token would have reached a rehearsal; nothing was sent. */
class NotATestToken extends Error {
  override readonly name = "NotATestToken";
}

/**
 * Sends a request and reads the answer. Proxy variables are not looked at.
 * @throws NoAnswer when the connection fails or time runs out. @throws NotATestToken before anything is sent.
 */
export async function exchange(question: Question): Promise<Answer> {
  const { url, method = "POST", timeout } = question;
  const body = question.body === undefined ? "" : JSON.stringify(question.body);
  const headers = { ...question.headers, ...(body && { "content-type": "application/json" }) };
  refuseRealTokens(`${JSON.stringify(headers)}${body}`);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => void (text += chunk));
      incoming.once("error", fail);
      incoming.once("end", () => {
        clearTimeout(timer);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    const late = () =>
      outgoing.destroy(new NoAnswer(`timeout of ${timeout}ms exceeded`, { isLate: true }));
    const timer = setTimeout(late, timeout);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(noAnswer(error));
    };
    outgoing.once("error", fail);
    outgoing.end(body);
  });
}

function noAnswer(error: Error): NoAnswer {
  return error instanceof NoAnswer
    ? error
    : new NoAnswer(error.message, { isLate: false, cause: error });
}

/** Everything the sandbox issues says TEST right after its prefix. */
function refuseRealTokens(text: string): void {
  if (/sk-ant-(?:oat|ort|api)\d\d-(?!TEST)/.test(text))
    throw new NotATestToken("the stand-in handles tokens of a sandbox only; this one is not");
}

/** Parses a JSON object; `null` for any other text. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
