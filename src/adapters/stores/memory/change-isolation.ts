import type { IsolationChange } from '../../../ports/isolation-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { Instance, MemoryState } from './memory-state.ts';
import { put, type Undo } from './put.ts';

/** What is stopped, let back, and seen. */
export function changeIsolation(
  state: MemoryState,
  instance: Instance,
  change: Exclude<IsolationChange, { readonly kind: 'approval.cancel' }>,
  undo: Undo,
): undefined | StoreRefusal {
  switch (change.kind) {
    case 'isolation.require': {
      const isolated = change.scopes.find((scope) => state.isolations.has(scope));
      return isolated === undefined ? undefined : refusals.isolated(isolated);
    }
    case 'isolation.set': {
      const { scope, reason, by, incident, atMs, ifAbsent } = change;
      const known = state.isolations.get(scope);
      const people = known?.by ?? [];
      const isKnown = people.includes(by) && (!incident || known?.incident === true);
      if (ifAbsent && isKnown) return refusals.stopKnown(scope, by);
      raiseEpoch(state, undo);
      return put(
        state.isolations,
        scope,
        {
          scope,
          reason: known?.reason ?? reason,
          atMs: known?.atMs ?? atMs,
          by: people.includes(by) ? people : [...people, by],
          incident: incident || known?.incident === true,
          epoch: state.isolationEpoch,
        },
        undo,
      );
    }
    case 'isolation.lift': {
      const { scope, by, names = [], seen, settled } = change;
      const known = state.isolations.get(scope);
      if (known === undefined) return refusals.notIsolated(scope);
      const same = known.by.find((name) => name === by || names.includes(name));
      if (same !== undefined) return refusals.samePerson(scope, same);
      if (known.incident && !settled) return refusals.incidentOpen(scope);
      if (known.epoch !== seen) return refusals.stopUnseen(scope, known.by);
      raiseEpoch(state, undo);
      return put(state.isolations, scope, undefined, undo);
    }
    case 'isolation.seen':
      return put(state.isolationsSeen, instance, { epoch: change.epoch, atMs: change.atMs }, undo);
  }
}

function raiseEpoch(state: MemoryState, undo: Undo): void {
  state.isolationEpoch += 1;
  undo.push(() => {
    state.isolationEpoch -= 1;
  });
}
