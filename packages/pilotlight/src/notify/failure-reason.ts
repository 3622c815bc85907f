/** Why a request failed: the code of what went wrong, or its kind. Its words may quote the address, which is a secret. */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  if (error.name === "TimeoutError") return "no answer in time";
  const { code, name } = (error.cause ?? error) as NodeJS.ErrnoException;
  return code ?? name;
}
