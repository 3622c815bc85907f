import { gatewayIn } from "../../../claude/precedence/gateway-in.ts";
import { printDuration } from "../../../core/duration.ts";
import { isSafeTokenUrl } from "../../../oauth/safe-token-url.ts";
import { systemClock } from "../../system-clock.ts";
import { type NetworkSetting, networkSettings } from "../checks/network-checks.ts";
import { loginCheck } from "../doctor-check.ts";
import { failure, type Finding, note, ok, skipped, warning } from "../finding.ts";
import { hostOf, placeIn } from "../variables.ts";
import type { LoginWorld } from "../world.ts";
import type { ServerAnswer } from "./ask-server.ts";

type ServerFacts =
  | { readonly kind: "unasked"; readonly reason: string }
  | {
      readonly kind: "asked";
      readonly host: string;
      readonly answer: ServerAnswer;
      readonly network: readonly NetworkSetting[];
    };

const API = "https://api.anthropic.com";

/** Whether the servers can be reached from here, and what time it is there. */
export const serverChecks = [
  loginCheck({
    id: "server-clock",
    title: "the API can be reached, and this clock agrees with its clock",
    fm: ["FM-21", "FM-25", "FM-42", "FM-62"],
    gather: async (login: LoginWorld): Promise<ServerFacts> => {
      const { effective, settings, machine } = login;
      if (effective.billing === "cloud") {
        return { kind: "unasked", reason: `jobs go to ${effective.source}` };
      }
      const url = gatewayIn({ ...machine.env, ...settings.env }) ?? API;
      if (isSafeTokenUrl(url)) return asked(url, login);
      const place = placeIn(settings.origins)("ANTHROPIC_BASE_URL");
      const why = "is neither https nor loopback, or names a user";
      return { kind: "unasked", reason: `${place} ${why}: it is not asked` };
    },
    judge: judgeClock,
  }),
  loginCheck({
    id: "token-host",
    title: "the host that renews logins can be reached",
    fm: ["FM-21", "FM-24", "FM-25"],
    gather: async (login: LoginWorld): Promise<ServerFacts> => {
      const { entry, machine } = login;
      if (entry.state !== "present" || entry.credential.refreshToken === null) {
        return { kind: "unasked", reason: "there is nothing here that could be renewed" };
      }
      // Its root: the endpoint itself limits how often an address asks it (FM-20), and a look is not worth one of them.
      return asked(new URL("/", machine.config.tokenUrl).href, login);
    },
    judge: judgeHost,
  }),
];

async function asked(url: string, login: LoginWorld): Promise<ServerFacts> {
  const { askServer } = await import("./ask-server.ts");
  const env = { ...login.machine.env, ...login.settings.env };
  const answer = await askServer(url, env, systemClock);
  return { kind: "asked", host: hostOf(url), answer, network: await networkSettings(login) };
}

function judgeHost(facts: ServerFacts): readonly Finding[] {
  if (facts.kind === "unasked") return [skipped(facts.reason)];
  const { host, answer } = facts;
  if (answer.kind === "silent") {
    const fix = `let ${host} through (firewall, proxy): without it a login ends with its access token`;
    return [failure("network_unavailable", silenceOf(facts, answer.cause), { fix })];
  }
  return [edgeNote(host, answer) ?? ok(answeredBy(host, answer))];
}

/** ms; a minute is seen and no more, five are the margin by which Claude Code refreshes ahead. */
const NOTICEABLE = 60_000;
const MARGIN = 5 * 60_000;

/** Pure, as every judge. */
export function judgeClock(facts: ServerFacts): readonly Finding[] {
  if (facts.kind === "unasked") return [skipped(facts.reason)];
  const { host, answer } = facts;
  if (answer.kind === "silent") {
    const { cause } = answer;
    const fix = "look at this clock first: a wrong one makes good certificates look so";
    const isDated = /certificate (is not yet valid|has expired)/.test(cause);
    return [failure("network_unavailable", silenceOf(facts, cause), isDated ? { fix } : {})];
  }
  const edge = edgeNote(host, answer);
  return [clockFinding(host, answer), ...(edge === null ? [] : [edge])];
}

type Answered = Extract<ServerAnswer, { kind: "answered" }>;

function clockFinding(host: string, answer: Answered): Finding {
  const { ahead, roundTrip } = answer;
  if (ahead === null) return skipped(`${answeredBy(host, answer)}, and tells no time`);
  const off = Math.abs(ahead);
  const give = `± ${inSeconds(roundTrip / 2 + 500)}, round trip ${inSeconds(roundTrip)}`;
  if (off <= NOTICEABLE) {
    return ok(`${answeredBy(host, answer)}, and the clocks agree to ${inSeconds(off)} (${give})`);
  }
  const where = ahead > 0 ? "ahead of" : "behind";
  const what = `this clock is ${printDuration(off)} (${inSeconds(off)}) ${where} that of ${host} (${give})`;
  const harm =
    ahead > 0
      ? "tokens are taken for ended while they live, and locks are dated in the future"
      : "tokens are taken for living when they have ended, and renewed too late";
  const fix = `set it right (NTP; in a container the host's clock): ${harm}`;
  return off > MARGIN ? failure("clock_wrong", what, { fix }) : warning(what, fix);
}

/** Claude Code may be let through where we are not, so it is no more than a note. */
function edgeNote(host: string, { status, isPage }: Answered): Finding | null {
  if (status !== 403 || !isPage) return null;
  const what = `${host} answered 403 with a page: an edge network refuses this plain request`;
  return note(what, "if jobs or refreshes get a 403, too, look at proxy, VPN and region");
}

function answeredBy(host: string, { status }: Answered): string {
  return `${host} answers (HTTP ${status})`;
}

/** Hosts of proxies and paths of certificates only. */
function silenceOf(
  { host, network }: Extract<ServerFacts, { kind: "asked" }>,
  cause: string,
): string {
  const ways = network.map(({ place, shown, trouble }) =>
    [`${place}: ${shown}`, ...(trouble === null ? [] : [trouble])].join(" "),
  );
  const way = ways.length === 0 ? "no proxy or certificate is set" : ways.join(", ");
  return `${host} cannot be reached: ${cause} (${way})`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
