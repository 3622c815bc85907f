import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";

/** Bundles the status page into `dist/page`, its files named after what is in them. @returns the modules inside */
export async function buildPage(home: string): Promise<readonly string[]> {
  const bundle = await rolldown({ cwd: home, input: "src/http/page/page.ts", platform: "browser" });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const [script] = output;
  const uplot = join(
    dirname(createRequire(`${home}package.json`).resolve("uplot")),
    "uPlot.min.css",
  );
  const style = [uplot, `${home}src/http/page/page.css`].map((file) => readFileSync(file, "utf8"));
  const folder = `${home}dist/page/`;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, end: string, text: string) => {
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
    writeFileSync(`${folder}${name}.${hash}.${end}`, text);
    return `${name}.${hash}.${end}`;
  };
  const names = {
    script: write("page", "js", script.code),
    style: write("page", "css", style.join("").replaceAll(/\s*\n\s*/g, "\n")),
  };
  writeFileSync(`${folder}assets.json`, JSON.stringify(names));
  return script.moduleIds;
}
