import { scrub } from "../core/scrub.ts";
import type { Secret } from "../core/secret.ts";
import { DELIVERED, type Delivery } from "./channel.ts";
import { failureReason } from "./failure-reason.ts";
import { plainLine } from "./plain-text.ts";

/** ms for one request, its answer included. */
const PATIENCE = 10_000;
/** bytes of an answer that are read. */
const LONGEST_ANSWER = 4_096;

interface Post {
  /** The address is a secret: whoever has it can write there. */
  readonly url: Secret;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

/** Posts JSON once. Follows no redirect: the alert is for the host that was named. Never throws, and never names more than the host. */
export async function post({ url, body, headers = {}, fetch }: Post): Promise<Delivery> {
  const target = URL.parse(url.reveal());
  if (target === null) return failed("the address is no URL", { isRefused: true });
  try {
    const answer = await fetch(target, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    const text = await start(answer);
    if (answer.ok) return DELIVERED;
    return refusal(answer, `${target.host} answered ${answer.status}`, text);
  } catch (error) {
    return failed(`${target.host}: ${failureReason(error)}`, {});
  }
}

export function failed(
  why: string,
  { retryAfter = null, isRefused = false }: { retryAfter?: number | null; isRefused?: boolean },
): Delivery {
  return { kind: "failed", why, retryAfter, isRefused };
}

function refusal(answer: Response, what: string, text: string): Delivery {
  const { status } = answer;
  if (status >= 300 && status < 400) {
    return failed(`${what}; redirects are not followed`, { isRefused: true });
  }
  const said = plainLine(scrub(text), 200).trim();
  const why = said === "" ? what : `${what}: ${said}`;
  const isLater = status === 408 || status === 425 || status === 429 || status >= 500;
  return failed(why, {
    retryAfter: retryAfterOf(answer.headers.get("retry-after")),
    isRefused: !isLater,
  });
}

/** ms; seconds, with a fraction as Discord has them, or a date (RFC 9110 §10.2.3). */
function retryAfterOf(value: string | null): number | null {
  if (value === null) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** The first of an answer; the rest is left unread. */
async function start(answer: Response): Promise<string> {
  if (answer.body === null) return "";
  const reader = answer.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_ANSWER) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  await reader.cancel();
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString("utf8");
}
