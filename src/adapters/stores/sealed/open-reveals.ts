import { canonicalJson } from '../../../base/json.ts';
import type { StoredEvent } from '../../../model/event.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import type { Store } from '../../../ports/store.ts';
import type { RunKey } from '../run-key.ts';
import { KeyRing } from './key-ring.ts';

/** A text, and the salt that shows that it is the one that was committed to. */
export interface Salted {
  readonly salt: string;
  readonly text: string;
}

/** What to hand over of an event that is sealed. */
export interface Revealed {
  /** What it says, with what is held back left out. Absent where it was recorded so that this cannot be left out of it. */
  readonly shown?: Salted;
  /** What is held back, where there is any. */
  readonly exact?: Salted;
  /** All that it says at once, where it was recorded so. */
  readonly whole?: Salted;
}

/**
 * What to hand over with events that were opened, so that somebody without the keys can hold what is shown against what
 * was recorded, by the id of each that is sealed. Its salts open no other event. Those that were erased have none.
 */
export function openReveals(
  store: Pick<Store, 'readRunKeys'>,
  keys: RecordKeys,
): (tenant: string, events: readonly StoredEvent[]) => Promise<ReadonlyMap<string, Revealed>> {
  const ring = new KeyRing(store, keys);
  return async (tenant, events) => {
    const sealed = events.filter((event) => event.sealed !== undefined && event.erased !== true);
    const found = await ring.read(
      tenant,
      sealed.flatMap(({ runId }) => runId ?? []),
    );
    return new Map(
      sealed.flatMap((event) => {
        const held = found.keys.get(event.runId ?? '');
        return held === undefined ? [] : [[event.id, reveal(held.key, event)] as const];
      }),
    );
  };
}

function reveal(key: RunKey, { id, body, sealed }: StoredEvent): Revealed {
  const text = canonicalJson(body);
  const { shown, exact } = key.divide(id, text);
  const salt = key.salt(id);
  if (exact === undefined) return { shown: { salt, text } };
  if (sealed === undefined || !key.commitsTo(id, shown, sealed)) return { whole: { salt, text } };
  return { shown: { salt, text: shown }, exact: { salt: key.exactSalt(id), text: exact } };
}
