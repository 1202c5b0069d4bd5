import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { newFolder } from './new-folder.ts';
import { describeStore } from './store-suite.ts';
import { takingTurns } from './taking-turns.ts';

describeStore('sqlite', {
  rounds: 15,
  async newPlace() {
    const { path, remove } = await newFolder();
    return { open: async () => takingTurns(await openSqliteStore({ path: `${path}/store.db` })), remove };
  },
});
