import type { Digest } from '../base/digest.ts';
import type { Store } from '../ports/store.ts';
import type { Notify } from './notice.ts';

/** Whose bundle is active: ours, that of another gateway that lives, or of one that has ended. */
export type Standing = 'ours' | 'rival' | 'abandoned';

/**
 * Two gateways with different configurations on one data folder: what each activates takes the other's place. Neither
 * takes on what the other was given; whoever runs them is told, and the calls of the one replaced stay refused.
 */
export class Rivalry {
  readonly #store: Pick<Store, 'readActiveBundle'>;
  readonly #data: string;
  readonly #notify: Notify;
  /** The bundle this gateway last put into force. */
  #activated: Digest | undefined;
  #told: string | undefined;

  constructor(store: Pick<Store, 'readActiveBundle'>, data: string, notify: Notify) {
    this.#store = store;
    this.#data = data;
    this.#notify = notify;
  }

  /** Looks whether activating this bundle takes another gateway's place, and says so. Throws the store's `Fault`. */
  async announce(bundle: Digest): Promise<void> {
    const active = await this.#store.readActiveBundle();
    const { activator } = active ?? {};
    if (activator === undefined || active?.bundle === bundle || active?.bundle === this.#activated) return;
    this.#tell(
      'warning',
      `process ${activator.pid} serves another configuration from ${this.#data}; from now on it is refused`,
    );
  }

  activated(bundle: Digest): void {
    this.#activated = bundle;
  }

  /** Whose bundle is active, after a call under ours was refused for it. Throws the store's `Fault`. */
  async look(ours: Digest): Promise<Standing> {
    const active = await this.#store.readActiveBundle();
    // Ours by now: it had been replaced by a later one of our own.
    if (active === undefined || active.bundle === ours) return 'ours';
    if (active.activator === undefined) {
      this.#tell(
        'warning',
        `another configuration was in force on ${this.#data}; its gateway has ended, and this one’s is back`,
      );
      return 'abandoned';
    }
    const { pid } = active.activator;
    this.#tell(
      'error',
      `process ${pid} has put another configuration into force on ${this.#data}; calls here are refused`,
    );
    return 'rival';
  }

  /** Once, for as long as nothing else has to be told. */
  #tell(kind: 'error' | 'warning', message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    this.#notify({ kind, message });
  }
}
