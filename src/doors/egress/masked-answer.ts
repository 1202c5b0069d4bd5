/** Every character of a secret takes fewer in any form that is looked for. */
const CHARS_PER_CHAR = 8;

/**
 * Takes secrets out of an answer as it passes, wherever it is cut: what a host repeats of a credential that the door put
 * into its request does not reach the client. The end of what came is held back until it is clear that no secret
 * begins in it.
 */
export class MaskedAnswer {
  readonly #mask: (text: string) => string;
  readonly #tailChars: number;
  #held = '';

  constructor(mask: (text: string) => string, longest: number) {
    this.#mask = mask;
    this.#tailChars = longest * CHARS_PER_CHAR;
  }

  /** What may go on now. Bytes are taken for characters one by one: a header’s value has no others. */
  push(chunk: Buffer): Buffer {
    const text = this.#mask(this.#held + chunk.toString('latin1'));
    const keep = Math.min(text.length, this.#tailChars);
    this.#held = text.slice(text.length - keep);
    return Buffer.from(text.slice(0, text.length - keep), 'latin1');
  }

  end(): Buffer {
    const rest = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    return rest;
  }
}
