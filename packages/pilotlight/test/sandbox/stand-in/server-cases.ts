import { mkdirSync } from "node:fs";
import { fault, type ParityCase, revoke, RUNS } from "./parity-case.ts";

const RETRIES: ParityCase["varies"] = {
  tokenPosts: [5, 6],
  build: "2.1.329",
  why: "the newer build's start and first request race",
};
const LOST: ParityCase["varies"] = {
  messages: [0, 1],
  build: "2.1.329",
  why: "a message may leave before the file is read again",
};

/** What the builds make of a server that fails. */
export const SERVER_CASES: readonly ParityCase[] = [
  {
    title: "an expired token whose grant is dead, twice",
    life: 0,
    ...fault("token-invalid-grant-400"),
    runs: [RUNS.json, RUNS.stream],
  },
  { title: "a 401 for ever", faults: [{ name: "messages-401-expired", shouldRetry: false }] },
  { title: "a 403 that says revoked, once", ...fault("messages-403-revoked", 1) },
  { title: "an organization that does not allow it", ...fault("messages-403-organization") },
  { title: "a used-up limit", ...fault("messages-429-usage-limit") },
  { title: "a throttled message, once", ...fault("messages-429-throttled", 1) },
  {
    title: "an overloaded server, once, as a stream",
    ...fault("messages-529", 1),
    runs: [RUNS.stream],
  },
  { title: "a throttled token endpoint", life: 0, ...fault("token-429"), varies: RETRIES },
  { title: "a token endpoint that answers 500", life: 0, ...fault("token-500"), varies: RETRIES },
  {
    title: "a token endpoint behind an HTML 403",
    life: 0,
    ...fault("token-403-html"),
    varies: RETRIES,
  },
  {
    title: "an answer that was dropped after the rotation",
    life: 0,
    ...fault("token-rotate-then-drop", 1),
    varies: LOST,
  },
  {
    title: "an answer that was broken after the rotation",
    life: 0,
    ...fault("token-rotate-then-broken-json", 1),
    varies: LOST,
  },
  { title: "an answer without scope", life: 0, ...fault("token-without-scope", 1), varies: LOST },
  {
    title: "an answer without a refresh token",
    life: 0,
    ...fault("token-without-refresh-token", 1),
  },
  {
    title: "a lock that was left behind just now",
    life: 0,
    prepare: ({ configDir }) => mkdirSync(`${configDir}.lock`),
    builds: ["2.1.329"],
    slow: "it waits 8 s; the older build takes it after 10 s or gives up before, as it happens",
  },
  {
    title: "a silent token endpoint",
    life: 0,
    faults: [{ name: "token-hang" }],
    slow: "four times 30 s",
    builds: ["2.1.329"],
  },
  {
    title: "a silent token endpoint, older build",
    life: 0,
    faults: [{ name: "token-hang" }],
    slow: "15 s",
    builds: ["2.1.104"],
  },
  {
    title: "a 401 without x-should-retry",
    sandbox: { shouldRetry: null },
    meanwhile: revoke,
    builds: ["2.1.104"],
    slow: "it goes on for minutes; both are ended after 20 s",
    varies: { messages: [4, 8], why: "the pauses grow by chance" },
    limit: 20_000,
  },
];
