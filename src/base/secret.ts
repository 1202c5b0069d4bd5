/**
 * A secret's value together with where it came from. However it is printed, logged, interpolated or serialised, only
 * the reference appears: `[secret env:NAME]`. `reveal` is called where the value is used, and nowhere else.
 */
export class Secret {
  readonly #value: string;
  /** `env:NAME` or `file:/path`. */
  readonly reference: string;

  constructor(reference: string, value: string) {
    this.reference = reference;
    this.#value = value;
  }

  /** The value itself. Its result goes to the one receiver it is meant for, never into a message or a record. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** What Node's `inspect` and `console.log` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The text to hand to the receiver: a plain text as it is, a secret revealed. */
export function revealText(value: string | Secret): string {
  return typeof value === 'string' ? value : value.reveal();
}
