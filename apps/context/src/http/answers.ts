import type { z } from "@hono/zod-openapi";
import { problem } from "./schemas.ts";

/** How a route describes an answer in JSON. */
export function jsonOf<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** How a route describes its JSON body. */
export function bodyOf<T extends z.ZodType>(schema: T) {
  return { required: true, content: { "application/json": { schema } } };
}

export function problemOf<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/problem+json": { schema } } };
}

/** What any route below an entity may answer besides. */
export const REFUSALS = {
  401: problemOf("CONTEXT_TOKEN is set, and was not sent", problem),
  404: problemOf("there is no such entity", problem),
  422: problemOf("something does not fit", problem),
  503: problemOf("the database cannot be used", problem),
} as const;
