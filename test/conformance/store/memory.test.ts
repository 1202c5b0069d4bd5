import { openMemoryStore } from '../../../src/adapters/stores/memory/open-memory-store.ts';
import { describeStore } from './store-suite.ts';

describeStore('memory', {
  isDurable: false,
  rounds: 300,
  newPlace: async () => ({ open: async () => openMemoryStore(), remove: async () => {} }),
});
