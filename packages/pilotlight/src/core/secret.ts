const SHOWN = "[secret]";

/**
 * Holds a value that must never be printed: string conversion, JSON and inspection all show `[secret]`.
 * `reveal()` may stand only in the files that `test/architecture.test.ts` lists.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}
