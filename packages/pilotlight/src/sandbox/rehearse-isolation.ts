import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RehearseIsolation } from "../claude/build/claude-build.ts";
import { credentialsFile } from "../claude/credentials-file.ts";
import { projectionIn } from "../claude/staging/projection.ts";
import { REFRESH_COMMANDS } from "../claude/build/refresh-command.ts";
import { stagingEnvironment } from "../claude/staging/staging-environment.ts";
import type { DurableFiles } from "../core/ports.ts";
import { withoutNetwork } from "./without-network.ts";
import { startSandbox } from "./start-sandbox.ts";

const PATIENCE = 30_000;

/**
 * Rehearses, on the sandbox and with invented tokens, whether a build uses the access token of a
 * projection, asks the token endpoint for nothing and leaves the login itself as it is.
 */
export function isolationRehearsal(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: DurableFiles;
}): RehearseIsolation {
  return async ({ argv }) => {
    const sandbox = await startSandbox({ unref: true });
    const folder = await realpath(await mkdtemp(join(tmpdir(), "pilotlight-rehearsal-")));
    try {
      const config = join(folder, "config");
      await mkdir(config, { mode: 0o700 });
      const login = join(config, ".credentials.json");
      const text = JSON.stringify(sandbox.signIn({ accessTokenLife: 0 }));
      await writeFile(login, text, { mode: 0o600 });
      const shown = credentialsFile.parse(JSON.stringify(sandbox.signIn()));
      if (shown.state !== "present") return false;
      const projection = projectionIn(join(folder, "projection"), options.files);
      await projection.show(shown.credential);
      await run([...argv, ...REFRESH_COMMANDS.prompt("")], folder, {
        ...withoutNetwork(stagingEnvironment(config, options.env, {})),
        HOME: folder,
        USERPROFILE: folder,
        ...sandbox.env(),
        CLAUDE_SECURESTORAGE_CONFIG_DIR: projection.directory,
      });
      const fingerprint = shown.credential.accessToken?.fingerprint;
      const hasUsedIt = sandbox
        .requests()
        .some(
          ({ path, fingerprints }) =>
            path === "/v1/messages" && fingerprints.bearer === fingerprint,
        );
      const isUntouched = (await readFile(login, "utf8")) === text;
      return hasUsedIt && isUntouched && sandbox.tokenPosts().length === 0;
    } finally {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function run(argv: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  const [program = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd, env, timeout: PATIENCE }, () => resolve());
    child.stdin?.end();
  });
}
