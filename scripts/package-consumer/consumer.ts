import {
  type CheckedLogin,
  exitOf,
  type LoginStatus,
  openLogin,
  type Outcome,
  PilotlightError,
  TRAITS,
} from "pilotlight";
import {
  type Ask,
  type AskEvent,
  type AskResult,
  type Claude,
  ClaudeError,
  type ClaudeOptions,
  createClaude,
  type ErrorCode,
  type Health,
  type Plan,
  type StandardSchema,
  type Usage,
  usageFrom,
  usageOnWire,
} from "pilotlight/orchestrator";
import { type Sandbox, startSandbox } from "pilotlight/sandbox";
import { z } from "zod";

/** True where two types are one and the same, and neither is `any`. */
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false;

const Review = z.object({
  title: z.string(),
  score: z.coerce.number(),
  labels: z.array(z.enum(["bug", "idea"])).default([]),
});
interface Reviewed {
  title: string;
  score: number;
  labels: ("bug" | "idea")[];
}

const options: ClaudeOptions = { auth: "auto", model: "claude-haiku-4-5", retry: { attempts: 1 } };

export async function askAll(claude: Claude = createClaude(options)): Promise<Usage> {
  const plain = await claude.ask({ prompt: "hello" });
  true satisfies Same<typeof plain, AskResult>;
  true satisfies Same<typeof plain.value, unknown>;

  const signal = AbortSignal.timeout(1000);
  const byZod = await claude.ask({ prompt: "review", schema: Review, tools: ["Read"], signal });
  true satisfies Same<typeof byZod.value, Reviewed | null>;

  const jsonSchema = { type: "object", properties: { title: { type: "string" } } } as const;
  const byJsonSchema = await claude.ask({ prompt: "review", schema: jsonSchema });
  true satisfies Same<typeof byJsonSchema.value, unknown>;
  const named = await claude.ask<Reviewed>({ prompt: "review", schema: jsonSchema });
  true satisfies Same<typeof named.value, Reviewed | null>;

  const standard: StandardSchema<Reviewed> = Review;
  const ask: Ask<Reviewed> = { prompt: "review", schema: standard, onEvent: hear };
  const { value } = await claude.ask(ask);
  true satisfies Same<typeof value, Reviewed | null>;

  // @ts-expect-error: a question has a prompt
  await claude.ask({ schema: Review });
  // @ts-expect-error: what was answered is not changed
  plain.text = "";
  return usageFrom(usageOnWire(plain.usage).usage);
}

function hear(event: AskEvent): void {
  switch (event.kind) {
    case "text":
      return console.log(event.text);
    case "tool_use":
      return console.log(event.name, event.input);
    case "retry":
      return console.log(event.code, event.attempt, event.inMs);
  }
}

export function explain(claude: Claude, error: unknown): string {
  const plan: Plan = claude.plan({ tools: ["Read"] });
  const { isWell, lastError }: Health = claude.health();
  true satisfies Same<typeof plan.auth, "api-key" | "subscription">;
  if (error instanceof ClaudeError) {
    const { code, fix, command, resetsAt }: ClaudeError = error;
    return [code, fix, command ?? "", resetsAt ?? 0].join(" ");
  }
  if (error instanceof PilotlightError) {
    const code: ErrorCode = error.code;
    return `${code} ${TRAITS[code].exit}`;
  }
  return `${plan.reason} ${isWell} ${lastError?.detail ?? ""}`;
}

export async function keep(): Promise<number> {
  const login = await openLogin({ name: "work" });
  const status: LoginStatus = await login.status();
  const { remarks }: CheckedLogin = await login.check({ onDemand: true });
  for (const { state, text } of remarks) if (state === "CRITICAL") throw new Error(text);
  const outcome: Outcome = await login.refresh({ force: !status.usable });
  return exitOf(outcome);
}

export async function rehearse(): Promise<AskResult<Reviewed>> {
  const sandbox: Sandbox = await startSandbox({ reply: ({ model }) => `{"title":"${model}"}` });
  try {
    const env = { ANTHROPIC_BASE_URL: sandbox.url, ANTHROPIC_API_KEY: "sk-ant-api03-TEST" };
    return await createClaude({ ...options, env }).ask({ prompt: "review", schema: Review });
  } finally {
    await sandbox.stop();
  }
}
