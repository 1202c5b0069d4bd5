import { createMask, type Mask } from '../adapters/tools/mcp/create-mask.ts';
import type { Secret } from '../base/secret.ts';

/**
 * Takes every secret of the gateway out of what any of its servers says: one server can read what another was given,
 * from a file or the network. What it is told of later counts for servers that run already.
 */
export class SecretMask {
  readonly #secrets = new Map<string, Secret>();
  #mask: Mask | undefined;

  add(secrets: Iterable<Secret>): void {
    const before = this.#secrets.size;
    for (const secret of secrets) {
      const value = secret.reveal();
      if (!this.#secrets.has(value)) this.#secrets.set(value, secret);
    }
    if (this.#secrets.size > before) this.#mask = createMask([...this.#secrets.values()]);
  }

  readonly take: Mask = (text) => this.#mask?.(text) ?? text;
}
