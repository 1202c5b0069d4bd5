import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { Run } from '../../../model/run.ts';
import type { KeyOwner, RecordKeys } from '../../../ports/record-keys.ts';
import type { NewRunKey, Store, StoredRunKey } from '../../../ports/store.ts';
import { RUN_KEY_BYTES, RunKey } from '../run-key.ts';

/** A run's key, ready for use. */
export interface HeldKey {
  readonly tenant: string;
  /** As it stands in the store: a key that was unwrapped once is known by it. */
  readonly wrapped: string;
  readonly key: RunKey;
  readonly user?: string;
}

/** The keys of the runs that were used last. Never says of a run what its tenant did not. */
export class KeyRing {
  readonly #store: Pick<Store, 'readRunKeys'>;
  readonly #keys: RecordKeys;
  readonly #held = new Map<string, HeldKey>();

  constructor(store: Pick<Store, 'readRunKeys'>, keys: RecordKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Makes the key of a run that is to be opened. It is held when the run is in the store. */
  async make({ id, principal }: Run, clock: Clock): Promise<{ readonly stored: NewRunKey; readonly held: HeldKey }> {
    const { tenant, onBehalfOf } = principal;
    const bytes = clock.randomBytes(RUN_KEY_BYTES);
    const wrapped = await this.#keys.wrap({ tenant, runId: id }, bytes);
    const user = onBehalfOf === undefined ? {} : { user: await this.#keys.nameUser(tenant, onBehalfOf.id) };
    return { stored: { wrapped, ...user }, held: { tenant, wrapped, key: new RunKey(bytes), ...user } };
  }

  hold(runId: string, held: HeldKey): void {
    this.#held.delete(runId);
    this.#held.set(runId, held);
    if (this.#held.size <= limits.runKeys) return;
    for (const [longest] of this.#held) {
      this.#held.delete(longest);
      break;
    }
  }

  forget(runId: string): void {
    this.#held.delete(runId);
  }

  /** The key that is held, without asking anybody. */
  held(tenant: string, runId: string): HeldKey | undefined {
    const held = this.#held.get(runId);
    return held?.tenant === tenant ? held : undefined;
  }

  /**
   * The keys of these runs as the store has them now, and which of them it has erased. Runs without a key, and those that
   * are not the tenant's, are in neither.
   */
  async read(tenant: string, runIds: Iterable<string>): Promise<FoundKeys> {
    const keys = new Map<string, HeldKey>();
    const erased = new Set<string>();
    const ids = [...new Set(runIds)];
    for (const stored of ids.length === 0 ? [] : await this.#store.readRunKeys(tenant, ids)) {
      if (stored.wrapped !== undefined)
        keys.set(stored.runId, await this.#unwrap({ tenant, ...stored }, stored.wrapped));
      else if (stored.erasedAtMs !== undefined) {
        erased.add(stored.runId);
        this.forget(stored.runId);
      }
    }
    return { keys, erased };
  }

  nameUser(tenant: string, userId: string): Promise<string> {
    return this.#keys.nameUser(tenant, userId);
  }

  async #unwrap({ tenant, runId, user }: KeyOwner & StoredRunKey, wrapped: string): Promise<HeldKey> {
    const known = this.#held.get(runId);
    if (known?.tenant === tenant && known.wrapped === wrapped) return known;
    const bytes = await this.#keys.unwrap({ tenant, runId }, wrapped);
    if (bytes.length !== RUN_KEY_BYTES)
      throw new Fault('E_RECORD_KEY', `the key of ${runId} has ${bytes.length} bytes, and not ${RUN_KEY_BYTES}`);
    const held: HeldKey = { tenant, wrapped, key: new RunKey(bytes), ...(user === undefined ? {} : { user }) };
    bytes.fill(0);
    this.hold(runId, held);
    return held;
  }
}

export interface FoundKeys {
  readonly keys: ReadonlyMap<string, HeldKey>;
  readonly erased: ReadonlySet<string>;
}
