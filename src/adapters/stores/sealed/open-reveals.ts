import type { StoredEvent } from '../../../model/event.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import type { Store } from '../../../ports/store.ts';
import { KeyRing } from './key-ring.ts';

/**
 * What to hand over with events that were opened, so that somebody without the keys can hold what is shown against what
 * was recorded: the salt of each that is sealed, by its id. It opens no other event. Those that were erased have none.
 */
export function openReveals(
  store: Pick<Store, 'readRunKeys'>,
  keys: RecordKeys,
): (tenant: string, events: readonly StoredEvent[]) => Promise<ReadonlyMap<string, string>> {
  const ring = new KeyRing(store, keys);
  return async (tenant, events) => {
    const sealed = events.filter((event) => event.sealed !== undefined && event.erased !== true);
    const found = await ring.read(
      tenant,
      sealed.flatMap(({ runId }) => runId ?? []),
    );
    return new Map(
      sealed.flatMap(({ id, runId = '' }) => {
        const held = found.keys.get(runId);
        return held === undefined ? [] : [[id, held.key.salt(id)] as const];
      }),
    );
  };
}
