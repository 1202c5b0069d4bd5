import type { NewEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';

/** A store that tells `listener` of the events this process appended, once they are durable. */
export function watchCommits(store: Store, listener: (events: readonly NewEvent[]) => void): Store {
  return {
    ...store,
    async commit(changes, options) {
      const result = await store.commit(changes, options);
      if (result.ok && result.seqs.length > 0) {
        listener(changes.flatMap((change) => (change.kind === 'event.append' ? [change.event] : [])));
      }
      return result;
    },
  };
}
