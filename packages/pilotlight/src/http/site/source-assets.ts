import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { type Asset, type PageAssets, SCRIPT, STYLE } from "./asset.ts";

const UPLOT = pathToFileURL(createRequire(import.meta.url).resolve("uplot"));

const IMPORT = /^(?:import|export) [^"'();]*from "([^"]+)";$/gm;

/** The page from its source, a file per module with its types stripped: what a clone that was not built serves. */
export async function sourceAssets(): Promise<PageAssets> {
  const files = new Map<string, Asset>();
  const script = await addModule(new URL("../page/page.ts", import.meta.url), files);
  const own = await readFile(new URL("../page/page.css", import.meta.url), "utf8");
  const body = (await readFile(new URL("uPlot.min.css", UPLOT), "utf8")) + own;
  const style = nameOf("page.css", body);
  files.set(style, { type: STYLE, body });
  return { script, style, files };
}

/** Adds a module, and those that it imports first, for its text and so its name hold theirs. @returns its name */
async function addModule(url: URL, files: Map<string, Asset>): Promise<string> {
  const source = await readFile(url, "utf8");
  let body = url.pathname.endsWith(".ts") ? stripTypeScriptTypes(source) : source;
  for (const [, specifier = ""] of body.matchAll(IMPORT)) {
    const isChart = specifier === "uplot";
    const target = isChart ? new URL("uPlot.esm.js", UPLOT) : new URL(specifier, url);
    const name = await addModule(target, files);
    body = body.replace(` from "${specifier}";`, () => ` from "./${name}";`);
  }
  const name = nameOf(basename(url.pathname).replace(/\.ts$/, ".js"), body);
  files.set(name, { type: SCRIPT, body });
  return name;
}

function nameOf(name: string, body: string): string {
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 12);
  return name.replace(/\.[a-z]+$/, (end) => `.${hash}${end}`);
}
