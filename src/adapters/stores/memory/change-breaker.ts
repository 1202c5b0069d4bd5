import { isSameMark } from '../../../model/breaker.ts';
import type { BreakerChange } from '../../../ports/breaker-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { MemoryState } from './memory-state.ts';
import { put, type Undo } from './put.ts';

/** How circuit breakers stand. */
export function changeBreaker(state: MemoryState, change: BreakerChange, undo: Undo): undefined | StoreRefusal {
  const { breakers } = state;
  switch (change.kind) {
    case 'breaker.require': {
      const open = change.scopes.find((scope) => (breakers.get(scope)?.state ?? 'closed') !== 'closed');
      return open === undefined ? undefined : refusals.breakerOpen(open);
    }
    case 'breaker.turn': {
      const { scope, from, to } = change;
      if (!isSameMark(from, breakers.get(scope))) return refusals.breakerTurned(scope);
      return put(breakers, scope, to && { scope, state: to.state, failures: to.failures, atMs: to.atMs }, undo);
    }
    case 'breaker.forget':
      for (const { scope, atMs } of [...breakers.values()])
        if (atMs < change.beforeMs) put(breakers, scope, undefined, undo);
      return undefined;
  }
}
