import { writeFile } from "node:fs/promises";
import { release } from "node:os";
import { normalize, resolve } from "node:path";
import { memoryFileIn, recall } from "../../claude/build/build-memory.ts";
import { PilotlightError } from "../../core/errors.ts";
import { isObject } from "../../core/json-object.ts";
import { scrub } from "../../core/scrub.ts";
import { statusReport } from "../status-report.ts";
import { VERSION } from "../version.ts";
import type { DoctorReport } from "./doctor-report.ts";
import { installedClaude } from "./installed-claude.ts";
import type { World } from "./world.ts";

/**
 * Writes what a bug report needs into a new file (0600): every text scrubbed of what looks like a token,
 * the home directory and the user's name left out.
 * @throws PilotlightError `usage` for a file that is already there or cannot be made
 */
export async function writeBundle(
  file: string,
  report: DoctorReport,
  world: World,
): Promise<string> {
  const path = resolve(world.cwd, file);
  const { config, logins, now } = world;
  const { version } = await installedClaude(world);
  const status = await statusReport(
    config,
    logins.map(({ login }) => login),
    now,
  ).catch((error: unknown) => ({ trouble: (error as Error).message }));
  const { rehearsals, isolations } = await recall(memoryFileIn(config.stateDir));
  const bundle = {
    schema: "pilotlight.bundle/v1",
    generatedAt: report.generatedAt,
    versions: {
      pilotlight: VERSION,
      node: process.version,
      platform: process.platform,
      arch: process.arch,
      release: release(),
      claude: version,
    },
    settings: { driver: config.driver, onShadow: config.onShadow, lockWait: config.lockWait },
    // Without the hashes of files, which nobody could tell from tokens.
    builds: { rehearsals, isolations },
    status,
    doctor: report,
  };
  const text = `${JSON.stringify(redacted(bundle, config.home), null, 2)}\n`;
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw new PilotlightError("usage", `--bundle: ${(error as Error).message}`, { cause: error });
  }
  return path;
}

/** Every text of `value`, keys too, without tokens and without `home`. */
export function redacted(value: unknown, home: string): unknown {
  // HOME may end in a slash; the paths made from it have none there.
  const path = home === "" ? "" : normalize(home).replace(/[/\\]+$/, "");
  const clean = (text: string) => {
    const own = new RegExp(`${path.replace(/[^\w/]/g, "\\$&")}(?![\\w.-])`, "g");
    const here = path === "" ? text : text.replace(own, "~");
    return scrub(here.replace(/(\/(?:home|Users)\/)[^/\s"':]+/g, "$1user"));
  };
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, home));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [clean(key), redacted(item, home)]),
  );
}
