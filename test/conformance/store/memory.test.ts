import { newMemoryState } from '../../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../../src/adapters/stores/memory/open-memory-store.ts';
import { describeStore } from './store-suite.ts';

describeStore('memory', {
  rounds: 300,
  newPlace: async () => {
    const state = newMemoryState();
    return { open: async () => openMemoryStore(state), remove: async () => {} };
  },
});
