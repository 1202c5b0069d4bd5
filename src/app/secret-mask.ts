import { type Mask, MaskIndex } from '../adapters/tools/mcp/create-mask.ts';
import type { Secret } from '../base/secret.ts';

/**
 * Takes every secret of the gateway out of what any of its servers says: one server can read what another was given,
 * from a file or the network. What it is told of later counts for servers that run already.
 */
export class SecretMask {
  readonly #index = new MaskIndex();

  add(secrets: Iterable<Secret>): void {
    for (const secret of secrets) this.#index.add(secret);
  }

  /** What is good for nothing any more. */
  remove(secrets: Iterable<Secret>): void {
    for (const secret of secrets) this.#index.remove(secret);
  }

  /** How many characters at the end of a text may be the beginning of one of them. */
  countOpen(text: string): number {
    return this.#index.countOpen(text);
  }

  readonly take: Mask = (text) => this.#index.take(text);
}
