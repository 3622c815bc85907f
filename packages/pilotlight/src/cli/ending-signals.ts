const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Hears every signal that ends a command: Ctrl-C, a stop, a terminal that closes. @returns what stops the listening */
export function onEnding(hear: (signal: NodeJS.Signals) => void): () => void {
  for (const name of ENDING) process.on(name, hear);
  return () => {
    for (const name of ENDING) process.off(name, hear);
  };
}
