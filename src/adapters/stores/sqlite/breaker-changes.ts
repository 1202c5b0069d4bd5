import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { type BreakerMark, isSameMark, printBreaker } from '../../../model/breaker.ts';
import type { BreakerChange, StoredBreaker } from '../../../ports/breaker-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';

/** The changes of circuit breakers. */
export interface BreakerChanges {
  apply(change: BreakerChange): StoreRefusal | undefined;
  /** A run is over, and with it its breaker. */
  endRun(tenant: string, runId: string): undefined;
  /** Forgets what is remembered of the file. */
  forget(): void;
}

export function createBreakerChanges(db: DatabaseSync): BreakerChanges {
  const selectOpen = db.prepare(`SELECT scope FROM breakers WHERE state <> 'closed'`);
  const select = db.prepare('SELECT scope, state, failures, at_ms FROM breakers WHERE scope = ?');
  const put = db.prepare('INSERT OR REPLACE INTO breakers (scope, state, failures, at_ms) VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM breakers WHERE scope = ?');
  const removeOld = db.prepare('DELETE FROM breakers WHERE at_ms < ?');

  // Every call asks for these, and they seldom change.
  let open: ReadonlySet<unknown> | undefined;

  return {
    apply(change) {
      switch (change.kind) {
        case 'breaker.require': {
          open ??= new Set(selectOpen.all().map((row) => row['scope']));
          if (open.size === 0) return undefined;
          const found = change.scopes.find((scope) => open?.has(scope));
          return found === undefined ? undefined : refusals.breakerOpen(found);
        }
        case 'breaker.turn': {
          const { scope, from, to } = change;
          const row = select.get(scope);
          if (!isSameMark(from, row && toBreaker(row))) return refusals.breakerTurned(scope);
          open = undefined;
          if (to === undefined) remove.run(scope);
          else put.run(scope, to.state, to.failures, to.atMs);
          return undefined;
        }
        case 'breaker.forget':
          open = undefined;
          removeOld.run(change.beforeMs);
          return undefined;
      }
    },
    endRun(tenant, runId) {
      open = undefined;
      remove.run(printBreaker('run', tenant, runId));
    },
    forget() {
      open = undefined;
    },
  };
}

export function toBreaker(row: Record<string, SQLOutputValue>): StoredBreaker {
  return {
    scope: String(row['scope']),
    state: String(row['state']) as BreakerMark['state'], // the column holds nothing else
    failures: Number(row['failures']),
    atMs: Number(row['at_ms']),
  };
}
