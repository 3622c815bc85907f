/** What to start. Nothing is added, quoted or passed through a shell. */
export interface ChildSpec {
  /**
   * The program, searched on the child's own PATH, and its arguments. Node knows text only:
   * bytes of our command line that are no UTF-8 have already become U+FFFD.
   */
  readonly argv: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** `inherit` is our own descriptor, untouched: for a terminal, for /dev/null, or where nobody wants to look. */
  readonly input: "inherit" | "pass";
  /** stdout and stderr, both or neither. */
  readonly output: "inherit" | "pass";
}
