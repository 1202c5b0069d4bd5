import { limits } from '../../base/limits.ts';
import type { Store } from '../../ports/store.ts';

const MINUTE_MS = 60_000;
const REMEMBERED = 10_000;

interface Tries {
  count: number;
  sinceMs: number;
}

/** Answers that were refused lately, by the store they were meant for and by who gave them. */
const refused = new WeakMap<Store, Map<string, Tries>>();

/** Whether an answer of this person is looked at: whoever guesses is slowed down. */
export function allowAttempt(store: Store, tenant: string, by: string, monotonicMs: number): boolean {
  const tries = refused.get(store)?.get(key(tenant, by));
  return tries === undefined || tries.count < limits.refusedAnswers || monotonicMs - tries.sinceMs >= MINUTE_MS;
}

export function countRefused(store: Store, tenant: string, by: string, monotonicMs: number): void {
  const all = refused.get(store) ?? new Map<string, Tries>();
  refused.set(store, all);
  const tries = all.get(key(tenant, by));
  if (tries !== undefined && monotonicMs - tries.sinceMs < MINUTE_MS) tries.count += 1;
  else all.set(key(tenant, by), { count: 1, sinceMs: monotonicMs });
  if (all.size <= REMEMBERED) return;
  const [oldest] = all.keys();
  if (oldest !== undefined) all.delete(oldest);
}

const key = (tenant: string, by: string): string => JSON.stringify([tenant, by]);
