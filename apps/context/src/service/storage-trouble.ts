import { Trouble } from "../core/trouble.ts";

/** SQLite's own error as a trouble of this service; any other as it came. */
export function storageTrouble(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code !== "ERR_SQLITE_ERROR") return error;
  return new Trouble(
    {
      code: "storage_unavailable",
      status: 503,
      title: "the database cannot be used",
      detail: (error as Error).message,
      retryable: true,
      retryAfter: 5,
      action: {
        message: "look at the disk and the owner of CONTEXT_DB",
        command: null,
        by: "person",
      },
    },
    { cause: error },
  );
}
