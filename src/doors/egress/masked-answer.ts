import type { EgressRuntime } from './runtime.ts';

type Looking = Pick<EgressRuntime, 'maskText' | 'countOpen'>;

/** Every character of a secret takes fewer in any form that is looked for. */
const CHARS_PER_CHAR = 8;

/**
 * Takes secrets out of an answer as it passes, wherever it is cut: what a host repeats of a credential that the door put
 * into its request does not reach the client. Of what came is held back what may be the beginning of one, and no more: a
 * host that says something and then waits is heard at once.
 */
export class MaskedAnswer {
  readonly #looking: Looking;
  readonly #tailChars: number;
  #held = '';

  constructor(looking: Looking, longest: number) {
    this.#looking = looking;
    this.#tailChars = longest * CHARS_PER_CHAR;
  }

  /** What may go on now. Bytes are taken for characters one by one: a header’s value has no others. */
  push(chunk: Buffer): Buffer {
    const text = this.#looking.maskText(this.#held + chunk.toString('latin1'));
    const keep = this.#looking.countOpen(text.slice(-this.#tailChars));
    this.#held = text.slice(text.length - keep);
    return Buffer.from(text.slice(0, text.length - keep), 'latin1');
  }

  end(): Buffer {
    const rest = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    return rest;
  }
}
