/** Preload for an example: what it imports of this package is the source, which needs no build. */
import { registerHooks } from "node:module";

const SOURCE = new URL("../../src/orchestrator.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === "pilotlight/orchestrator" ? SOURCE : specifier, context),
});
