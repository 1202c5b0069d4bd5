import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { expireApprovals } from '../../runtime/approving/expire-approvals.ts';
import { Courier } from '../../runtime/courier.ts';
import type { World } from '../../runtime/world.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Notify } from '../notice.ts';
import { openNotifiers } from './open-notifiers.ts';

export interface NotifyingOptions {
  readonly world: Pick<World, 'store' | 'clock' | 'held'>;
  readonly loaded: () => LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
}

/** The channels of the configuration in force, and what carries notices to them. */
export class Notifying {
  readonly #options: NotifyingOptions;
  readonly #sweep: NodeJS.Timeout;
  #notifiers: ReadonlyMap<string, Notifier> = new Map();
  #courier: Courier | undefined;
  #origin: string | undefined;

  constructor(options: NotifyingOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#expire(), limits.approvalSweepMs);
    this.#sweep.unref();
  }

  /** Opens the channels of a configuration, and sends nothing yet. Throws a `ConfigFault` for a secret that is not there. */
  prepare(loaded: LoadedConfig): Promise<ReadonlyMap<string, Notifier>> {
    const { world, environment, notify } = this.#options;
    return openNotifiers({ loaded, environment, clock: world.clock, notify, held: world.held });
  }

  /** Tells people by these from now on. */
  async adopt(notifiers: ReadonlyMap<string, Notifier>): Promise<void> {
    const before = this.#notifiers;
    this.#notifiers = notifiers;
    const { world, loaded, notify } = this.#options;
    this.#courier ??= new Courier({
      store: world.store,
      clock: world.clock,
      tenant: loaded().manifest.tenant,
      notifiers: () => this.#notifiers,
      linkTo: (approvalId) => this.linkTo(approvalId),
      onProblem: (message) => notify({ kind: 'warning', message }),
    });
    await Promise.allSettled([...before.values()].map((notifier) => notifier.close()));
  }

  /** The gateway serves pages at this origin. */
  serveAt(origin: string): void {
    this.#origin = origin;
  }

  /** Where a person looks at an approval. Opening it answers nothing. */
  linkTo(approvalId: string): string | undefined {
    const base = this.#options.loaded().manifest.approvals.link ?? this.#origin;
    return base === undefined ? undefined : `${base.replace(/\/+$/, '')}/approvals/${encodeURIComponent(approvalId)}`;
  }

  /** Something was asked: people are told at once. */
  wake(): void {
    this.#courier?.wake();
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await this.#courier?.close();
    await Promise.allSettled([...this.#notifiers.values()].map((notifier) => notifier.close()));
  }

  #expire(): void {
    const { world, loaded, notify } = this.#options;
    expireApprovals(world, loaded().manifest.tenant).catch((error: unknown) => {
      notify({ kind: 'error', message: toFault(error, 'E_STORE', 'approvals could not be closed').message });
    });
  }
}
