import { z } from "zod";
import { PilotlightError } from "../core/errors.ts";
import { type Fields, isObject } from "../core/json-object.ts";

/** What zod 4.2, valibot and others offer alike (standardschema.dev): a validation, and the JSON Schema of its input. */
export interface StandardSchema<T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validation<T> | Promise<Validation<T>>;
    readonly jsonSchema?: {
      readonly input: (options: {
        readonly target: "draft-07" | "draft-2020-12";
      }) => Record<string, unknown>;
    };
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type Validation<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

export type Schema<T = unknown> = StandardSchema<T> | Readonly<Record<string, unknown>>;

/** A schema as a backend needs it. */
export interface Wanted<T> {
  readonly jsonSchema: Fields;
  /** The value as the schema makes it, or the first thing in it that does not fit. */
  check(value: unknown): Promise<{ readonly value: T } | { readonly trouble: string }>;
}

/** @throws PilotlightError `usage` for what is no schema, or one that cannot say itself as JSON Schema */
export function wanted<T>(schema: Schema<T>): Wanted<T> {
  const given: unknown = schema;
  if (!isObject(given)) throw new PilotlightError("usage", "the schema is no object");
  const { validate } = standardOf(schema)["~standard"];
  const described = describe(schema);
  // Claude Code takes no schema that names a dialect it does not know (2.1.329, measured 2026-11).
  const { $schema: _dialect, ...jsonSchema } = described;
  return {
    jsonSchema,
    async check(value) {
      let checked: Validation<T>;
      try {
        checked = await validate(value);
      } catch (error) {
        return { trouble: `the schema cannot take it: ${(error as Error).message}` };
      }
      if (checked.issues === undefined) return { value: checked.value };
      const [first] = checked.issues;
      const path = (first?.path ?? []).map((step) => (typeof step === "object" ? step.key : step));
      const place = path.length > 0 ? `${path.map(String).join(".")}: ` : "";
      return { trouble: `it does not fit the schema: ${place}${first?.message ?? "?"}` };
    },
  };
}

function describe(schema: Schema): Fields {
  if (!isStandard(schema)) return schema;
  const { jsonSchema } = schema["~standard"];
  try {
    const described = jsonSchema?.input({ target: "draft-2020-12" });
    if (isObject(described)) return described;
  } catch (error) {
    const why = `the schema cannot say itself as JSON Schema: ${(error as Error).message}`;
    throw new PilotlightError("usage", why);
  }
  const why =
    "the schema cannot say itself as JSON Schema (zod can from 4.2 on); give a JSON Schema";
  throw new PilotlightError("usage", why);
}

function isStandard<T>(schema: Schema<T>): schema is StandardSchema<T> {
  return "~standard" in schema;
}

function standardOf<T>(schema: Schema<T>): StandardSchema<T> {
  if (isStandard(schema)) return schema;
  try {
    return z.fromJSONSchema(schema) as unknown as StandardSchema<T>;
  } catch (error) {
    throw new PilotlightError(
      "usage",
      `the JSON Schema cannot be used: ${(error as Error).message}`,
    );
  }
}
