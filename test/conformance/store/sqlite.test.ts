import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { newFolder } from './new-folder.ts';
import { describeStore } from './store-suite.ts';

describeStore('sqlite', {
  rounds: 25,
  async newPlace() {
    const { path, remove } = await newFolder();
    return { open: () => openSqliteStore({ path: `${path}/store.db` }), remove };
  },
});
