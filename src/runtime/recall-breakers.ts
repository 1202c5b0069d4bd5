import { limits } from '../base/limits.ts';
import type { World } from './world.ts';

const MOST = 1_000;

/**
 * Takes over how breakers stood when the last gateway ended, and forgets those that nobody has asked about for long. Of
 * more than a thousand the oldest are left to the intents, which find out by themselves. Throws the store's `Fault`.
 */
export async function recallBreakers({
  store,
  clock,
  guards,
}: Pick<World, 'store' | 'clock' | 'guards'>): Promise<void> {
  const stored = await store.readBreakers(MOST);
  if (stored.length === 0) return;
  const beforeMs = clock.nowMs() - limits.breakerMemoryMs;
  await store.commit([{ kind: 'breaker.forget', beforeMs }]);
  guards.breakers.learn(stored.filter(({ atMs }) => atMs >= beforeMs));
}
