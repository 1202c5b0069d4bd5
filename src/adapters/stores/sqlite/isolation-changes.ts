import type { DatabaseSync } from 'node:sqlite';
import type { IsolationChange } from '../../../ports/isolation-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';

/** The changes of what is stopped. */
export interface IsolationChanges {
  apply(change: Exclude<IsolationChange, { readonly kind: 'approval.cancel' }>): StoreRefusal | undefined;
  /** Forgets what is remembered of the file. */
  forget(): void;
}

/** @param instance who has seen what. */
export function createIsolationChanges(db: DatabaseSync, instance: number): IsolationChanges {
  const selectScopes = db.prepare('SELECT scope FROM isolations');
  const select = db.prepare('SELECT reason, at_ms, stopped_by, incident, epoch FROM isolations WHERE scope = ?');
  const put = db.prepare(
    `INSERT OR REPLACE INTO isolations (scope, reason, at_ms, stopped_by, incident, epoch)
     VALUES (?, ?, ?, ?, ?, (SELECT epoch FROM isolation_epoch))`,
  );
  const remove = db.prepare('DELETE FROM isolations WHERE scope = ?');
  const raiseEpoch = db.prepare('UPDATE isolation_epoch SET epoch = epoch + 1');
  const see = db.prepare('INSERT OR REPLACE INTO isolations_seen (instance, epoch, at_ms) VALUES (?, ?, ?)');
  const forgetTheDead = db.prepare('DELETE FROM isolations_seen WHERE instance NOT IN (SELECT id FROM instances)');

  // Every call asks for these, and they seldom change.
  let isolated: ReadonlySet<unknown> | undefined;

  return {
    apply(change) {
      switch (change.kind) {
        case 'isolation.require':
          isolated ??= new Set(selectScopes.all().map((row) => row['scope']));
          for (const scope of change.scopes) if (isolated.has(scope)) return refusals.isolated(scope);
          return undefined;
        case 'isolation.set': {
          const { scope, reason, by, incident, atMs, ifAbsent } = change;
          const known = select.get(scope);
          const people = known === undefined ? [] : readPeople(known['stopped_by']);
          const isKnown = people.includes(by) && (!incident || known?.['incident'] === 1);
          if (ifAbsent && isKnown) return refusals.stopKnown(scope, by);
          isolated = undefined;
          raiseEpoch.run();
          put.run(
            scope,
            known === undefined ? reason : String(known['reason']),
            known === undefined ? atMs : Number(known['at_ms']),
            JSON.stringify(people.includes(by) ? people : [...people, by]),
            incident || known?.['incident'] === 1 ? 1 : 0,
          );
          return undefined;
        }
        case 'isolation.lift': {
          const { scope, by, names = [], seen, settled } = change;
          const known = select.get(scope);
          if (known === undefined) return refusals.notIsolated(scope);
          const people = readPeople(known['stopped_by']);
          const same = people.find((name) => name === by || names.includes(name));
          if (same !== undefined) return refusals.samePerson(scope, same);
          if (known['incident'] === 1 && !settled) return refusals.incidentOpen(scope);
          if (known['epoch'] !== seen) return refusals.stopUnseen(scope, people);
          isolated = undefined;
          remove.run(scope);
          raiseEpoch.run();
          return undefined;
        }
        case 'isolation.seen':
          forgetTheDead.run();
          see.run(instance, change.epoch, change.atMs);
          return undefined;
      }
    },
    forget() {
      isolated = undefined;
    },
  };
}

export function readPeople(text: unknown): readonly string[] {
  return JSON.parse(String(text)) as readonly string[]; // written above from a list of names
}
