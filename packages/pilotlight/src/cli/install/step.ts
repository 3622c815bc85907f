import { z } from "zod";

/** One change to the machine, with all that undoing it takes. Paths are absolute. */
export const step = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("directory"), path: z.string() }),
  /** The state directory was not there before; its directory is a step of its own. */
  z.object({ kind: z.literal("state"), path: z.string() }),
  z.object({
    kind: z.literal("config"),
    path: z.string(),
    inserted: z.string(),
    isAtEnd: z.boolean(),
    isNew: z.boolean(),
  }),
  /** Only for undoing an update: the service that ran before runs as before. */
  z.object({ kind: z.literal("service-before"), unit: z.string() }),
  z.object({
    kind: z.literal("unit"),
    path: z.string(),
    text: z.string(),
    before: z.string().nullable(),
  }),
  z.object({ kind: z.literal("enable"), unit: z.string() }),
  z.object({ kind: z.literal("start"), unit: z.string() }),
  z.object({ kind: z.literal("restart"), unit: z.string() }),
  z.object({ kind: z.literal("linger"), user: z.string() }),
]);

export type Step = z.infer<typeof step>;
export type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/** What the step does, for a person. */
export function printStep(one: Step): string | null {
  switch (one.kind) {
    case "config":
      return `${one.path}: on_shadow = "refuse"`;
    case "unit":
      return one.before === null ? `wrote ${one.path}` : `wrote ${one.path} anew`;
    case "enable":
      return `enabled ${one.unit}`;
    case "start":
      return `started ${one.unit}`;
    case "restart":
      return `restarted ${one.unit}`;
    case "linger":
      return `it runs while ${one.user} is not signed in, too (linger)`;
    case "directory":
    case "state":
    case "service-before":
      return null;
    default:
      return one satisfies never;
  }
}
