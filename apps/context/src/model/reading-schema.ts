import { z } from "zod";

const sourceMessageIds = z.array(z.string());
const stated = { text: z.string(), confidence: z.number(), sourceMessageIds };

/** What Claude is asked to fill in. Bounds and citations are judged by `mergeFacts`, which can leave one statement out. */
export const READING = z.object({
  summary: z.string().min(1),
  added: z.array(z.object(stated)),
  updated: z.array(z.object({ factId: z.string(), ...stated })),
  withdrawn: z.array(z.object({ factId: z.string(), reason: z.string(), sourceMessageIds })),
});
