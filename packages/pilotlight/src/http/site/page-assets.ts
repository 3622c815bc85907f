import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Asset, type PageAssets, SCRIPT, STYLE } from "./asset.ts";

let known: Promise<PageAssets> | undefined;

/** What the page is made of: read when somebody first looks, and held in memory from then on. */
export function pageAssets(): Promise<PageAssets> {
  known ??= readAssets().catch((error: unknown) => {
    known = undefined;
    throw error;
  });
  return known;
}

/** The package has the page built; its files lie beside the bundle's or in `chunks`. A clone has its source. */
async function readAssets(): Promise<PageAssets> {
  const list = ["./page/assets.json", "../page/assets.json"]
    .map((place) => new URL(place, import.meta.url))
    .find((place) => existsSync(place));
  if (list === undefined) {
    const { sourceAssets } = await import("./source-assets.ts");
    return sourceAssets();
  }
  const { script, style } = JSON.parse(await readFile(list, "utf8")) as PageAssets;
  const read = async (name: string, type: string): Promise<[string, Asset]> => {
    return [name, { type, body: await readFile(new URL(name, list), "utf8") }];
  };
  return {
    script,
    style,
    files: new Map([await read(script, SCRIPT), await read(style, STYLE)]),
  };
}
