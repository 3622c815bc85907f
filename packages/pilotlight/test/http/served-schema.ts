import Ajv from "ajv/dist/2020.js";
import { expect } from "vitest";
import type { Ask } from "./small-keeper.ts";

type Schema = Record<string, unknown>;

interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

/** Reads `/openapi.json` and holds answers to it; a member it does not name fails too. */
export async function servedSchema(ask: Ask) {
  const document = (await (await ask("/openapi.json")).json()) as Document;
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  ajv.addFormat("date-time", (text: string) => new Date(text).toISOString() === text);
  const closed = JSON.parse(JSON.stringify(document), (_, value: unknown) =>
    isClosed(value) ? { ...(value as Schema), additionalProperties: false } : value,
  ) as Document;
  ajv.addSchema(closed, "served");
  return {
    document,
    /** @param asked the path, or as the document has it: `/api/v1/logins/{name}/refresh` */
    async check(response: Response, asked: string, method = "get"): Promise<unknown> {
      const body: unknown = await response.json();
      const path = Object.keys(document.paths).find((one) => matches(one, asked)) ?? asked;
      const { responses } = document.paths[path]?.[method] ?? { responses: {} };
      const status = String(response.status) in responses ? String(response.status) : "default";
      const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
      const pointer = ["paths", path, method, "responses", status, "content", type, "schema"];
      const at = pointer.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
      const validate = ajv.compile({ $ref: `served#/${encodeURI(at)}` });
      validate(body);
      expect(validate.errors, `${method} ${path} ${status} ${JSON.stringify(body)}`).toBe(null);
      return body;
    },
  };
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path);
}

function isClosed(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "properties" in value &&
    "type" in value &&
    value.type === "object"
  );
}
