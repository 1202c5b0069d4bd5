import type { Clock } from '../../../base/clock.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import type { Change, CommitOptions, CommitResult, Store } from '../../../ports/store.ts';
import { type FoundKeys, type HeldKey, KeyRing } from './key-ring.ts';
import { openReads } from './open-sealed-reads.ts';
import { leaveOpen, runOf, sealChange, sealRun, type TakenChange, takeChange } from './seal-changes.ts';

export interface SealedStoreOptions {
  readonly keys: RecordKeys;
  readonly clock: Clock;
}

/**
 * Seals what runs say before it reaches a store, each run with a key of its own, and opens what is read. The store sees
 * who did what and when, and not what was said: events' bodies, users, prompts, and what approvals show. It keeps each
 * run's key, wrapped by what is not in it; once that is erased, what was sealed reads as empty, here and everywhere.
 *
 * What was written before runs had keys is read as it is. Rejects with a `Fault` E_RECORD_KEY where a key cannot be had,
 * besides what the store does.
 */
export function openSealedStore(inner: Store, { keys, clock }: SealedStoreOptions): Store {
  const ring = new KeyRing(inner, keys);
  const sealing = { clock, seals: inner.seals === true };
  /** Ends when everything handed over before is with the store. Undefined while nothing waits for a key. */
  let turn: Promise<void> | undefined;

  /** Seals with the keys that are held. Undefined where others are needed first. */
  function sealNow(changes: readonly Change[]): readonly Change[] | undefined {
    const sealed: Change[] = [];
    for (const change of changes) {
      if (change.kind === 'run.open') return undefined;
      const owner = runOf(change);
      const held = owner && ring.held(owner.tenant, owner.runId);
      if (owner !== undefined && held === undefined) return undefined;
      sealed.push(held === undefined ? change : sealChange(takeChange(change), held, sealing));
    }
    return sealed;
  }

  /** Makes and reads the keys that are needed, then hands the commit over. */
  async function handOver(taken: readonly TakenChange[], options: CommitOptions | undefined) {
    const made = new Map<string, HeldKey>();
    const found = await readKeys(taken);
    const sealed: Change[] = [];
    for (const one of taken) {
      const { change } = one;
      if (change.kind === 'run.open') {
        const { stored, held } = await ring.make(change.run, clock);
        made.set(change.run.id, held);
        sealed.push(sealRun(one, held, stored, clock));
        continue;
      }
      const { tenant = '', runId = '' } = runOf(change) ?? {};
      const own = made.get(runId);
      const { keys: read, erased } = found.get(tenant) ?? {};
      const held = own?.tenant === tenant ? own : (read?.get(runId) ?? (erased?.has(runId) ? 'erased' : undefined));
      sealed.push(held === undefined ? leaveOpen(one) : sealChange(one, held, sealing));
    }
    const answer = inner.commit(sealed, options);
    return { answer: answer.then((result) => hold(made, result)) };
  }

  /** By tenant: the keys of runs that the store has already. */
  async function readKeys(taken: readonly TakenChange[]): Promise<ReadonlyMap<string, FoundKeys>> {
    const wanted = new Map<string, Set<string>>();
    const opened = new Set<string>();
    for (const { change } of taken) {
      if (change.kind === 'run.open') opened.add(change.run.id);
      const owner = runOf(change);
      if (owner === undefined || opened.has(owner.runId)) continue;
      const ids = wanted.get(owner.tenant) ?? new Set();
      wanted.set(owner.tenant, ids.add(owner.runId));
    }
    const found = new Map<string, FoundKeys>();
    for (const [tenant, runIds] of wanted) found.set(tenant, await ring.read(tenant, runIds));
    return found;
  }

  function hold(made: ReadonlyMap<string, HeldKey>, result: CommitResult): CommitResult {
    if (result.ok) for (const [runId, held] of made) ring.hold(runId, held);
    return result;
  }

  return {
    ...openReads(inner, ring, (read) => (turn === undefined ? read() : turn.then(read))),
    async commit(changes, options) {
      for (const change of changes) if (change.kind === 'run.erase') ring.forget(change.runId);
      const sealed = turn === undefined ? sealNow(changes) : undefined;
      if (sealed !== undefined) return inner.commit(sealed, options);
      // Those after this one wait, so that all reach the store in the order in which they were handed over.
      const taken = changes.map(takeChange);
      const handed = (turn ?? Promise.resolve()).then(() => handOver(taken, options));
      const mine: Promise<void> = handed.then(pass, pass).then(() => {
        if (turn === mine) turn = undefined;
      });
      turn = mine;
      return (await handed).answer;
    },
  };
}

const pass = (): void => {};
