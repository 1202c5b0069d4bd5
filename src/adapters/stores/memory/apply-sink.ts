import type { Change } from '../../../ports/store.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';

import type { MemoryState } from './memory-state.ts';
import { put, type Undo } from './put.ts';

type SinkChange = Extract<Change, { readonly kind: `sink.${string}` }>;

/** How far receivers of events are, and what they would not have. */
export function applySink(state: MemoryState, change: SinkChange, undo: Undo): undefined | StoreRefusal {
  const { tenant, sink } = change;
  const key = JSON.stringify([tenant, sink]);
  const cursor = state.sinks.get(key);
  switch (change.kind) {
    case 'sink.open':
      return cursor === undefined
        ? put(state.sinks, key, { sink, seq: change.seq, atMs: change.atMs }, undo)
        : undefined;
    case 'sink.advance':
      if (cursor?.seq !== change.from) return refusals.sinkMoved(sink);
      return put(state.sinks, key, { sink, seq: change.to, atMs: change.atMs }, undo);
    case 'sink.putAside': {
      const { seq, reason, atMs } = change;
      const place = JSON.stringify([tenant, sink, seq]);
      return state.putAside.has(place) ? undefined : put(state.putAside, place, { sink, seq, reason, atMs }, undo);
    }
    case 'sink.takeUp': {
      const place = JSON.stringify([tenant, sink, change.seq]);
      if (!state.putAside.has(place)) return refusals.notPutAside(sink, change.seq);
      return put(state.putAside, place, undefined, undo);
    }
  }
}
