import { openLocalRecordKeys } from '../../../src/adapters/record-keys/local/open-local-record-keys.ts';
import { newMemoryState } from '../../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../../src/adapters/stores/memory/open-memory-store.ts';
import { openSealedStore } from '../../../src/adapters/stores/sealed/open-sealed-store.ts';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { newFolder } from './new-folder.ts';
import { describeStore } from './store-suite.ts';
import { takingTurns } from './taking-turns.ts';

describeStore('sealed memory', {
  rounds: 50,
  async newPlace() {
    const { path, remove } = await newFolder();
    const state = newMemoryState();
    const keys = await openLocalRecordKeys({ folder: `${path}/record-keys`, clock: systemClock });
    return { open: async () => openSealedStore(openMemoryStore(state), { keys, clock: systemClock }), remove };
  },
});

describeStore('sealed sqlite', {
  rounds: 10,
  async newPlace() {
    const { path, remove } = await newFolder();
    const open = async () => {
      const keys = await openLocalRecordKeys({ folder: `${path}/record-keys`, clock: systemClock });
      const inner = takingTurns(await openSqliteStore({ path: `${path}/store.db` }));
      return openSealedStore(inner, { keys, clock: systemClock });
    };
    return { open, remove };
  },
});
