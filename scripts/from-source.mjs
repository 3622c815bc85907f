/** Preload for the examples and apps of this clone: what they import of the package is its source, which needs no build. */
import { registerHooks } from "node:module";

const source = (path) => new URL(`../packages/pilotlight/src/${path}`, import.meta.url).href;

const SOURCES = {
  pilotlight: source("index.ts"),
  "pilotlight/orchestrator": source("orchestrator.ts"),
  "pilotlight/sandbox": source("sandbox/index.ts"),
};

registerHooks({
  resolve: (specifier, context, next) => next(SOURCES[specifier] ?? specifier, context),
});
