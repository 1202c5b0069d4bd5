import type { DatabaseSync } from 'node:sqlite';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { OtherChange } from './wire.ts';

type SinkChange = Extract<OtherChange, { readonly kind: `sink.${string}` }>;

/** The changes of what receivers of events have been told. */
export function createSinkChanges(db: DatabaseSync): { apply(change: SinkChange): StoreRefusal | undefined } {
  const open = db.prepare('INSERT INTO sinks (tenant, sink, seq, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const advance = db.prepare('UPDATE sinks SET seq = ?, at_ms = ? WHERE tenant = ? AND sink = ? AND seq = ?');
  const putAside = db.prepare(
    'INSERT INTO put_aside (tenant, sink, seq, reason, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const takeUp = db.prepare('DELETE FROM put_aside WHERE tenant = ? AND sink = ? AND seq = ?');

  return {
    apply(change) {
      const { tenant, sink } = change;
      switch (change.kind) {
        case 'sink.open':
          open.run(tenant, sink, change.seq, change.atMs);
          return undefined;
        case 'sink.advance':
          return advance.run(change.to, change.atMs, tenant, sink, change.from).changes === 1
            ? undefined
            : refusals.sinkMoved(sink);
        case 'sink.putAside':
          putAside.run(tenant, sink, change.seq, change.reason, change.atMs);
          return undefined;
        case 'sink.takeUp':
          return takeUp.run(tenant, sink, change.seq).changes === 1
            ? undefined
            : refusals.notPutAside(sink, change.seq);
      }
    },
  };
}
