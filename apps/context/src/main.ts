/** The service as a process: settings from CONTEXT_*, one line of JSON for each answer, ends on TERM and INT. */
import { PilotlightError, traitsOf } from "pilotlight/orchestrator";
import { serveContext } from "./serve.ts";
import { readSettings } from "./settings.ts";

const OWN_USE =
  "set ANTHROPIC_API_KEY, or CONTEXT_AUTH=subscription where nobody but you uses this service";

try {
  const settings = readSettings(process.env);
  const service = await serveContext(settings, {
    env: process.env,
    log: (line) => console.log(JSON.stringify({ time: new Date().toISOString(), ...line })),
  });
  console.log(`listens on ${service.url}, asks by ${service.claude.plan().reason}`);
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    void service.stop();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
} catch (error) {
  if (!(error instanceof PilotlightError)) throw error;
  const { what, fix, exit } = traitsOf(error.code);
  const help = error.code === "no_api_key" ? OWN_USE : `${error.message}. ${fix}`;
  console.error(`${error.code}: ${what}: ${help}`);
  process.exitCode = exit;
}
