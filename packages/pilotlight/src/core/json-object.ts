/** The parsed form of a JSON object whose keys are not known beforehand. */
export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Levels. Nobody nests deeper on purpose, and JSON.stringify gives up at some 4000 (measured on Node 24). */
export const DEEPEST = 500;

/** True for what no code that goes down into it, and no JSON.stringify, should be let at. */
export function isTooDeep(value: unknown, levels = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isTooDeep(item, levels - 1));
}
