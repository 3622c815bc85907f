/**
 * A chat bot: a session of Claude Code for each channel, and a report every so often.
 *
 *   node bot.ts --every 3600       a line "#channel what you say" on stdin is a message
 *
 * It uses your own login, for a chat that nobody else is in. A bot that others talk to needs an API key:
 * --auth api-key, with ANTHROPIC_API_KEY.
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ClaudeError, createClaude, PilotlightError, traitsOf } from "pilotlight/orchestrator";

/** The client of Discord, Slack or Telegram goes behind this. */
interface Chat {
  onMessage(hear: (channel: string, text: string) => void): void;
  send(channel: string, text: string): Promise<void>;
  close(): void;
}

const { values } = parseArgs({
  options: { every: { type: "string" }, auth: { type: "string", default: "subscription" } },
});
const auth = values.auth === "api-key" ? "api-key" : "subscription";
// The API keeps no sessions, so every message goes to Claude Code, with a key as well.
const claude = createClaude({ backend: "cli", auth });
const system = "You are a bot in a chat. Answer in a few plain sentences.";

const leaving = new AbortController();
const sessions = new Map<string, string>();
const turns = new Map<string, Promise<void>>();

/** One message of a channel after the other: the next one goes on with the session of the last. */
function take(channel: string, prompt: string): void {
  const before = turns.get(channel) ?? Promise.resolve();
  const turn = before
    .then(async () => chat.send(channel, await answer(channel, prompt)))
    .catch((error: unknown) => console.error(error))
    .finally(() => {
      if (turns.get(channel) === turn) turns.delete(channel);
    });
  turns.set(channel, turn);
}

async function answer(channel: string, prompt: string): Promise<string> {
  const session = sessions.get(channel);
  try {
    const { text, sessionId } = await claude.ask({
      prompt,
      system,
      ...(session !== undefined && { session }),
      signal: leaving.signal,
      timeoutMs: 10 * 60_000,
    });
    if (sessionId !== null) sessions.set(channel, sessionId);
    return text;
  } catch (error) {
    if (leaving.signal.aborted) return "I am restarting. Ask me again in a minute.";
    console.error(error);
    // A session can be gone, and the next message is better off with a new one.
    if (error instanceof ClaudeError && error.code === "claude_failed") sessions.delete(channel);
    return helpFor(error);
  }
}

/** What a person can do about it. */
function helpFor(error: unknown): string {
  if (error instanceof ClaudeError) {
    const { code, fix, command, resetsAt } = error;
    const until = resetsAt === null ? "" : ` It is over at ${new Date(resetsAt).toISOString()}.`;
    return `I cannot answer (${code}): ${fix}.${command === null ? "" : ` Type: ${command}`}${until}`;
  }
  if (error instanceof PilotlightError) return `I cannot answer: ${traitsOf(error.code).fix}.`;
  return "I cannot answer, and do not know why. My log has the rest.";
}

/** A chat for a terminal. */
function terminalChat(): Chat {
  const lines = createInterface({ input: process.stdin });
  return {
    onMessage(hear) {
      lines.on("line", (line) => {
        const [, channel = "general", text = ""] = /^(?:#(\S+)\s+)?(.*)$/.exec(line) ?? [];
        if (text.trim() !== "") hear(channel, text);
      });
    },
    async send(channel, text) {
      console.log(`#${channel} ${text}`);
    },
    close: () => lines.close(),
  };
}

const chat = terminalChat();
chat.onMessage(take);

if (values.every !== undefined) {
  const seconds = Number(values.every);
  if (!(seconds >= 1)) throw new Error("--every takes seconds, 1 or more");
  const report = () => {
    // The one before may still be at work.
    if (!turns.has("reports")) take("reports", "Write the report for today.");
  };
  setInterval(report, seconds * 1000).unref();
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    chat.close();
    leaving.abort();
  });
}
