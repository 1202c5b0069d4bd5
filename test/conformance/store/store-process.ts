// A program for tests: has the store open that its argument names, and does what its parent asks of it.

import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { append } from './samples.ts';
import type { Ask, FromStoreProcess, ToStoreProcess } from './start-store-process.ts';
import { takingTurns } from './taking-turns.ts';

const [path = ''] = process.argv.slice(2);
const store = takingTurns(await openSqliteStore({ path }));
const say = (message: FromStoreProcess) => process.send?.(message);

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.kind) {
    case 'commit':
      return store.commit(ask.changes);
    case 'commitMany':
      return commitMany(ask.count, ask.inFlight);
    case 'listAbandonedIntents':
      return store.listAbandonedIntents(1_000);
    case 'close':
      return store.close();
  }
}

/** Appends events one by one, `inFlight` at a time, and returns their numbers in the order of handing over. */
async function commitMany(count: number, inFlight: number): Promise<number[]> {
  const seqs: number[] = [];
  let next = 0;
  const commitInTurn = async () => {
    while (next < count) {
      const i = next++;
      const result = await store.commit([append({ id: `${process.pid}_${i}`, body: { i } })]);
      seqs[i] = result.ok ? (result.seqs[0] ?? -1) : -1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, commitInTurn));
  return seqs;
}

process.on('message', ({ id, ask }: ToStoreProcess) => {
  answer(ask).then(
    (value) => say({ id, value }),
    (error: unknown) => say({ id, error: String(error) }),
  );
});
say({ id: 0 });
