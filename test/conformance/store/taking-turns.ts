import type { Store } from '../../../src/ports/store.ts';

/** The store, with two of three commits handed over as if nobody else waited: it must not matter who does them. */
export function takingTurns(store: Store): Store {
  let count = 0;
  return { ...store, commit: (changes) => store.commit(changes, { alone: count++ % 3 !== 0 }) };
}
