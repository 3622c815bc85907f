import { fileURLToPath } from "node:url";

/** For `NODE_COMPILE_CACHE`: the source starts in a quarter of the time when its types need not be stripped again. */
export const COMPILED = fileURLToPath(new URL("../../../../.cache/compiled/", import.meta.url));
