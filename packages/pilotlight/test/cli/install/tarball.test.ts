import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { inQuotes } from "../../../src/core/login-command.ts";
import { until } from "../../e2e/support/expectations.ts";
import type { ClaudeBuild } from "../../support/claude-builds.ts";
import { claudeTest } from "../../support/claude-test.ts";
import { freePort } from "../../support/free-port.ts";
import { needs } from "../../support/needs.ts";
import { ownManager } from "../../support/own-manager.ts";
import { type UnitHome, unitHome } from "../generate/a-unit-home.ts";
import { treeOf } from "./a-machine.ts";
import { aPackage } from "./a-package.ts";

/** Where what is installed leads to; lingering is played. */
function putLoginctl(prefix: string): string {
  const folder = join(prefix, "played");
  mkdirSync(folder);
  const linger = inQuotes(join(prefix, "linger"));
  const program = `#!/bin/sh\ncase $1 in enable-linger) touch ${linger} ;; disable-linger) rm ${linger} ;; show-user) [ -e ${linger} ] && echo yes ;; esac\n`;
  writeFileSync(join(folder, "loginctl"), program);
  chmodSync(join(folder, "loginctl"), 0o755);
  return folder;
}

/** A person signs in: opens the link, and hands over the code. */
async function signIn(
  home: UnitHome,
  prefix: string,
  pilotlight: (args: string) => Promise<unknown>,
) {
  const [said, code] = [join(prefix, "link"), join(prefix, "code")];
  await pilotlight(
    `login --json --code-from ${inQuotes(code)} >${inQuotes(said)} 2>&1 && echo over >>${inQuotes(said)} &`,
  );
  const lines = () => (existsSync(said) ? readFileSync(said, "utf8") : "");
  await until("the link", () => lines().includes("\n"));
  writeFileSync(code, home.sandbox.issueCode(JSON.parse(lines().split("\n")[0] ?? "").url));
  await until("the sign-in", () => lines().endsWith("over\n"));
}

const gate = needs("linux", "root", "unshare", "npm", "a systemd manager of its own");
const title = "three commands from the tarball to a kept login, and one that leaves nothing";
const body = async (build: ClaudeBuild) => {
  const { tarball, prefix, env } = aPackage();
  const home = await unitHome(build, { expiresAt: null });
  const url = `127.0.0.1:${await freePort()}`;
  const path = `${join(prefix, "bin")}:${putLoginctl(prefix)}:${env["PATH"]}`;
  const manager = ownManager(home.root, { PATH: env["PATH"] ?? "" });
  const own = { ...home.env, PATH: path, PILOTLIGHT_LISTEN: url };
  const words = Object.entries(own).map(([name, value]) => `${name}=${inQuotes(value)}`);
  // Only for the command: the manager and its units know nothing of it.
  const pilotlight = (args: string) => manager.run(`env ${words.join(" ")} pilotlight ${args}`);

  const install = `npm install --silent --offline --no-audit --no-fund --global --prefix ${inQuotes(prefix)} ${inQuotes(tarball)}`;
  expect(await manager.run(`HOME=${inQuotes(prefix)} ${install}`)).toMatchObject({ code: 0 });
  expect((await pilotlight("init")).code).toBe(66);
  await signIn(home, prefix, pilotlight);
  const before = treeOf(home.root);
  const init = await pilotlight("init");
  expect(init).toEqual({ code: 0, said: expect.stringContaining("default  fresh") });

  expect((await fetch(`http://${url}/readyz`)).status).toBe(200);
  expect(existsSync(join(prefix, "linger"))).toBe(true);
  const posts = home.sandbox.tokenPosts().length;
  const { claudeAiOauth, ...others } = home.document();
  const ended = { ...others, claudeAiOauth: { ...claudeAiOauth, expiresAt: 1 } };
  writeFileSync(home.file, JSON.stringify(ended));
  await until("a renewal", () => home.document().claudeAiOauth.expiresAt > Date.now());
  expect(home.sandbox.tokenPosts()).toHaveLength(posts + 1);
  expect(JSON.parse((await pilotlight("init --json")).said)).toMatchObject({
    outcome: "unchanged",
  });

  const gone = await pilotlight("uninstall --purge");
  expect(gone).toEqual({ code: 0, said: expect.stringContaining("History and state are gone") });
  expect(existsSync(join(prefix, "linger"))).toBe(false);
  await expect(fetch(`http://${url}/readyz`)).rejects.toThrow();
  const names = (tree: readonly string[]) => tree.map((line) => line.split(" ")[0]);
  const rest = names(before).filter((name) => name?.startsWith("state/pilotlight") === false);
  expect(names(treeOf(home.root))).toEqual(rest);
  await manager.end();
};
if (gate.missing === null) claudeTest("2.1.329", title, body, 180_000);
else gate.it(title, () => {});
