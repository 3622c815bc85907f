/** What one connection of the fuzz sends. */
export interface Batch {
  /** Each is one request that a parser of HTTP/1.1 takes, whatever it asks for: it gets one answer. */
  readonly framed: readonly string[];
  readonly isHead: boolean;
  /** Comes last: the server answers or not, and closes; `null` where the client goes away first. */
  readonly breaker: string | null;
  /** The breaker ends only when the server's patience does. */
  readonly isSlow: boolean;
}

/** The same numbers for the same seed (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const METHODS = [
  "GET",
  "GET",
  "GET",
  "GET",
  "POST",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "PROPFIND",
  "PURGE",
  "REPORT",
  "M-SEARCH",
  "SEARCH",
  "LOCK",
  "QUERY",
  "SOURCE",
  "LINK",
];
const PATHS = [
  "/",
  "/livez",
  "/readyz",
  "/healthz",
  "/metrics",
  "/api/v1/status",
  "/api/v1/history",
  "/openapi.json",
  "/api/v1/logins/bot/refresh",
  "/api/v1/logins/gone/refresh",
  "/api/v1/logins/bot/renew",
  "/renew/bot/link-of-the-page",
  "/renew/bot/link-of-the-page/code",
  "/renew/bot/%2e%2e/again",
  "/renew/__proto__/x",
  "/..%2f..%2fetc/passwd",
  "/%",
  "/%ff%fe",
  "/%00",
  "//",
  "///livez",
  "/livez/",
  "/LIVEZ",
  "/api/v1/logins/%2e%2e/refresh",
  "/api/v1/logins/__proto__/refresh",
  "/\\",
  "*",
  "/?&=&%",
  "/api/v1/logins/bot/refresh?force=true",
  "/constructor",
  "/api/v1/logins//refresh",
  "/#a",
  "/api/v1/history?since=9e9d",
  "/api/v1/history?limit=NaN",
  "/api/v1/history?login=%0d%0a",
  "http://evil.example/livez",
  "http://127.0.0.1/livez",
  "HTTP://[::1/",
  "ftp://x/",
];
const REFRESHES = [
  "/api/v1/logins/bot/refresh",
  "/api/v1/logins/gone/refresh",
  "/api/v1/logins/x/refresh",
];
const HOSTS = ["evil.example", "localhost", "127.0.0.1", "[::1]", "a b", "", "@", "[", "x:99999"];
const HEADERS = [
  "Origin: https://evil.example",
  "Origin: null",
  "Sec-Fetch-Site: cross-site",
  "Authorization: Bearer wrong",
  "Authorization: Basic",
  "Authorization: ",
  "Cookie: a=b",
  "Accept: */*",
  "Content-Type: text/xml",
  "X-Forwarded-Host: evil.example",
  "Range: bytes=0-",
  "Transfer-Encoding-X: chunked",
  "If-None-Match: *",
  "Accept-Encoding: gzip",
  "X: \x80\xff",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "TE: trailers",
  "Expect: x",
];
const BODIES = [
  "{}",
  '{"force":true}',
  '{"force":',
  "null",
  "\0",
  "[".repeat(5000),
  "x".repeat(500),
];
const BREAKERS = [
  "\0\0\0\0",
  "GET\r\n\r\n",
  "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  " / HTTP/1.1\r\n",
  "NONSENSE / HTTP/1.1\r\n\r\n",
  "get / http/1.1\r\n\r\n",
  "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n",
  "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.1\r\nHost\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n",
  "GET / HTTP/1.1\r\n: a\r\n\r\n",
  "\x16\x03\x01\x02",
  "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
  "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
  `GET /${"y".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(5000)}\r\n`,
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${"e".repeat(20_000)}\r\n`,
];
const SLOW = [
  "GET / HTTP/1.1\r\nHost:",
  "POST /api/v1/logins/bot/refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{",
  "G",
];

export interface Nonsense {
  readonly port: number;
  readonly token: string;
}

/** Makes `size` requests and what comes after them. */
export function batchOf(size: number, random: () => number, server: Nonsense): Batch {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  const isHead = random() < 0.05;
  const framed = Array.from({ length: size }, () => framedRequest(random, pick, isHead, server));
  const isSlow = random() < 0.01;
  const breaker = isSlow ? pick(SLOW) : breakerFrom(random, pick, server);
  return { framed, isHead, breaker, isSlow };
}

function breakerFrom(random: () => number, pick: Pick, server: Nonsense): string | null {
  const chance = random();
  if (chance < 0.1) return null;
  // A listener that goes away in the middle.
  if (chance < 0.15) return `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
  if (chance < 0.65) return pick(BREAKERS);
  return mutate(framedRequest(random, pick, false, server), random);
}

type Pick = <T>(from: readonly T[]) => T;

function framedRequest(
  random: () => number,
  pick: Pick,
  isHead: boolean,
  server: Nonsense,
): string {
  const isRefresh = !isHead && random() < 0.3;
  const method = isHead ? "HEAD" : isRefresh ? "POST" : pick(METHODS);
  const isLong = random() < 0.03;
  const path = isLong
    ? `/livez?${"q".repeat(random() * 4000)}`
    : pick(isRefresh ? REFRESHES : PATHS);
  const host = random() < 0.85 ? `127.0.0.1:${server.port}` : pick(HOSTS);
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`];
  for (let more = random() * 2; more >= 1; more -= 1) lines.push(pick(HEADERS));
  if (random() < 0.6) lines.push(`Authorization: Bearer ${server.token}`);
  const hasBody = !["GET", "HEAD", "TRACE"].includes(method) && random() < 0.7;
  if (!hasBody) return `${lines.join("\r\n")}\r\n\r\n`;
  const body = pick(BODIES);
  if (random() < 0.5)
    return `${[...lines, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
  const cut = Math.ceil(random() * body.length);
  const chunks = [body.slice(0, cut), body.slice(cut)].filter((chunk) => chunk !== "");
  const text = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `${[...lines, "Transfer-Encoding: chunked"].join("\r\n")}\r\n\r\n${text}0\r\n\r\n`;
}

/** Changes, drops or doubles a few characters. */
function mutate(text: string, random: () => number): string {
  let changed = text;
  for (let times = 1 + random() * 4; times >= 1; times -= 1) {
    const at = Math.floor(random() * changed.length);
    const inserted = random() < 0.7 ? String.fromCharCode(random() * 256) : "";
    changed = changed.slice(0, at) + inserted + changed.slice(at + (random() < 0.7 ? 1 : 0));
  }
  return changed;
}
