/**
 * A job for cron: a log comes in on stdin, and what went wrong goes to stdout as JSON of a known shape.
 *
 *   15 6 * * *  tail -n 200 /var/log/app.log | node cron.ts > /srv/report.json
 *
 * With ANTHROPIC_API_KEY it asks the API, which needs ASK_MODEL as well; without a key, your own Claude Code.
 * The exit status is of sysexits.h: 75 try later, 77 a person must sign in, 78 configuration.
 */
import { text } from "node:stream/consumers";
import { createClaude, PilotlightError, traitsOf } from "pilotlight/orchestrator";
import { z } from "zod";

const Report = z.object({
  summary: z.string(),
  problems: z.array(z.object({ title: z.string(), isUrgent: z.boolean() })),
});

try {
  const { ASK_MODEL: model } = process.env;
  const claude = createClaude(model === undefined ? {} : { model });
  const { value } = await claude.ask({
    prompt: `What went wrong in this log?\n\n${await text(process.stdin)}`,
    schema: Report,
    timeoutMs: 5 * 60_000,
  });
  console.log(JSON.stringify(value));
} catch (error) {
  // Node prints what is not ours, and ends with 1.
  if (!(error instanceof PilotlightError)) throw error;
  const { exit, fix, command } = traitsOf(error.code);
  console.error(`${error.code}: ${error.message}`);
  console.error(command === undefined ? fix : `${fix}: ${command}`);
  process.exitCode = exit;
}
