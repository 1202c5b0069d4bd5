import type { DatabaseSync } from 'node:sqlite';
import { unreachable } from '../../../base/assert.ts';
import { coversLabel, joinLabels, type Label } from '../../../model/label.ts';
import { hideWritten } from '../../../model/written.ts';
import { recordOf } from '../record.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import { createApprovalChanges } from './approval-changes.ts';
import { createBreakerChanges } from './breaker-changes.ts';
import { cancelApprovals } from './cancel-approvals.ts';
import { createIsolationChanges } from './isolation-changes.ts';
import { createMeterChanges } from './meter-changes.ts';
import { createNoticeChanges } from './notice-changes.ts';
import { createPeopleChanges } from './people-changes.ts';
import { createSinkChanges } from './sink-changes.ts';
import type { OtherChange } from './wire.ts';

/** Makes changes inside a transaction that the caller begins and ends. */
export interface ChangeApplier {
  /** Makes one change; returns what it took from meters, or why its condition does not hold: then nothing was changed. */
  apply(change: OtherChange): StoreRefusal | readonly number[] | undefined;
  /** Begins a commit, which `takeBack` undoes as far as it is not in the file yet. */
  begin(): void;
  takeBack(): void;
  /** Writes what was kept back. To be called before the transaction ends. */
  write(): void;
  /** Forgets what is remembered of the file: after the transaction was rolled back, and when anybody else has written. */
  forget(): void;
}

/** @param instance who opens the intents and activates bundles. */
export function createChangeApplier(db: DatabaseSync, instance: number): ChangeApplier {
  const insertRun = db.prepare(
    `INSERT INTO runs (id, tenant, agent, expires_at_ms, label, record, key, user) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const endRun = db.prepare('UPDATE runs SET ended_at_ms = coalesce(ended_at_ms, ?) WHERE id = ? AND tenant = ?');
  const eraseRun = db.prepare(
    `UPDATE runs SET key = NULL, erased_at_ms = coalesce(erased_at_ms, ?1), ended_at_ms = coalesce(ended_at_ms, ?1)
     WHERE id = ?2 AND tenant = ?3`,
  );
  const pauseRun = db.prepare('UPDATE runs SET paused_for = coalesce(paused_for, ?) WHERE id = ? AND tenant = ?');
  const resumeRun = db.prepare('UPDATE runs SET paused_for = NULL WHERE id = ? AND tenant = ?');
  const labelRun = db.prepare('UPDATE runs SET label = ? WHERE id = ?');
  const selectLabel = db.prepare('SELECT label FROM runs WHERE id = ?');
  const selectRun = db.prepare(
    `SELECT expires_at_ms AS expiresAtMs, ended_at_ms AS endedAtMs, label, paused_for AS pausedFor
     FROM runs WHERE id = ? AND tenant = ? AND agent = ?`,
  );
  const addWritten = db.prepare(
    'INSERT INTO written (tenant, object, run_id, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const selectWrittenBy = db.prepare('SELECT object FROM written WHERE tenant = ? AND run_id = ?');
  const hideWrittenRow = db.prepare('UPDATE OR REPLACE written SET object = ? WHERE tenant = ? AND object = ?');
  const selectBundle = db.prepare('SELECT digest FROM active_bundle');
  const insertBundle = db.prepare('INSERT INTO bundles (digest, record) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const keepContent = db.prepare('INSERT INTO contents (digest, record) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const activateBundle = db.prepare(
    'INSERT OR REPLACE INTO active_bundle (only, digest, at_ms, instance) VALUES (1, ?, ?, ?)',
  );
  const insertIntent = db.prepare(
    'INSERT INTO intents (call_id, tenant, run_id, opened_at_ms, instance) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const closeIntent = db.prepare('UPDATE intents SET ran = ?, closed_at_ms = ? WHERE call_id = ? AND ran IS NULL');
  const selectPin = db.prepare('SELECT 1 FROM pins WHERE tool = ? AND pin = ?');
  const selectKnownPin = db.prepare('SELECT pin FROM pins WHERE tool = ?');
  const setPin = db.prepare('INSERT OR REPLACE INTO pins (tool, pin, record, at_ms) VALUES (?, ?, ?, ?)');
  const delegate = db.prepare(
    'INSERT OR REPLACE INTO delegations (tenant, duty_of, deputy, until_ms) VALUES (?, ?, ?, ?)',
  );
  const reviewTiers = db.prepare('INSERT OR REPLACE INTO tier_reviews (tenant, digest, by, at_ms) VALUES (?, ?, ?, ?)');
  const approvals = createApprovalChanges(db);
  const notices = createNoticeChanges(db);
  const sinks = createSinkChanges(db);
  const meters = createMeterChanges(db);
  const changePeople = createPeopleChanges(db);
  const isolations = createIsolationChanges(db, instance);
  const breakers = createBreakerChanges(db);

  // Every call asks for it, and it seldom changes.
  let activeBundle: unknown;

  return {
    apply(change) {
      switch (change.kind) {
        case 'run.open': {
          const { id, principal, expiresAtMs, label } = change.run;
          const record = recordOf(change) ?? '';
          const { changes } = insertRun.run(
            id,
            principal.tenant,
            principal.agent,
            expiresAtMs,
            JSON.stringify(label),
            record,
            change.key?.wrapped ?? null,
            change.key?.user ?? null,
          );
          return changes === 1 ? undefined : refusals.runExists(id);
        }
        case 'run.end':
          if (endRun.run(change.atMs, change.runId, change.tenant).changes !== 1)
            return refusals.runUnknown(change.runId);
          return breakers.endRun(change.tenant, change.runId);
        case 'run.erase':
          if (eraseRun.run(change.atMs, change.runId, change.tenant).changes !== 1)
            return refusals.runUnknown(change.runId);
          for (const row of selectWrittenBy.all(change.tenant, change.runId)) {
            const object = String(row['object']);
            hideWrittenRow.run(hideWritten(change.tenant, object), change.tenant, object);
          }
          return breakers.endRun(change.tenant, change.runId);
        case 'run.pause':
          return pauseRun.run(change.reason, change.runId, change.tenant).changes === 1
            ? undefined
            : refusals.runUnknown(change.runId);
        case 'run.resume':
          return resumeRun.run(change.runId, change.tenant).changes === 1
            ? undefined
            : refusals.runUnknown(change.runId);
        case 'run.label': {
          const stored = selectLabel.get(change.runId);
          if (stored === undefined) return refusals.runUnknown(change.runId);
          const label = readLabel(stored['label']);
          // Most calls of a run add nothing to it, and what is not written need not be synced.
          if (!coversLabel(label, change.label))
            labelRun.run(JSON.stringify(joinLabels(label, change.label)), change.runId);
          return undefined;
        }
        case 'run.require': {
          const run = selectRun.get(change.runId, change.tenant, change.agent);
          if (run === undefined) return refusals.runUnknown(change.runId);
          if (run['endedAtMs'] !== null) return refusals.runEnded(change.runId);
          if (change.nowMs >= Number(run['expiresAtMs'])) return refusals.runExpired(change.runId);
          if (run['pausedFor'] !== null) return refusals.runPaused(change.runId, String(run['pausedFor']));
          const covered = change.label === undefined || coversLabel(change.label, readLabel(run['label']));
          return covered ? undefined : refusals.labelRaised(change.runId);
        }
        case 'written.add':
          for (const object of change.objects) addWritten.run(change.tenant, object, change.runId, change.atMs);
          return undefined;
        case 'isolation.require':
        case 'isolation.set':
        case 'isolation.lift':
        case 'isolation.seen':
          return isolations.apply(change);
        case 'breaker.require':
        case 'breaker.turn':
        case 'breaker.forget':
          return breakers.apply(change);
        case 'person.put':
        case 'session.open':
        case 'session.use':
        case 'session.end':
        case 'key.add':
        case 'key.revoke':
        case 'sign-in.attempt':
        case 'sign-in.clear':
        case 'ticket.spend':
          return changePeople(change);
        case 'pin.require':
          return selectPin.get(change.tool, change.pin) === undefined ? refusals.toolDrifted(change.tool) : undefined;
        case 'bundle.require':
          activeBundle ??= selectBundle.get()?.['digest'];
          return activeBundle === change.bundle ? undefined : refusals.bundleChanged();
        case 'content.keep':
          keepContent.run(change.digest, recordOf(change) ?? '');
          return undefined;
        case 'bundle.activate':
          activeBundle = undefined;
          insertBundle.run(change.bundle, recordOf(change) ?? '');
          activateBundle.run(change.bundle, change.atMs, instance);
          return undefined;
        case 'budget.take':
          return meters.take(change);
        case 'budget.give':
          return meters.give(change);
        case 'intent.open':
          return insertIntent.run(change.callId, change.tenant, change.runId, change.atMs, instance).changes === 1
            ? undefined
            : refusals.intentExists(change.callId);
        case 'intent.close':
          return closeIntent.run(change.ran, change.atMs, change.callId).changes === 1
            ? undefined
            : refusals.intentNotOpen(change.callId);
        case 'approval.open':
          return approvals.open(change);
        case 'approval.answer':
          return approvals.answer(change);
        case 'approval.cancel':
          return cancelApprovals(db, change);
        case 'approval.expire':
          return approvals.expire(change);
        case 'approval.consume':
          return approvals.consume(change);
        case 'duty.delegate': {
          const { tenant, from, to, untilMs } = change.delegation;
          delegate.run(tenant, from, to, untilMs);
          return undefined;
        }
        case 'tiers.review': {
          const { tenant, digest, by, atMs } = change.review;
          reviewTiers.run(tenant, digest, by, atMs);
          return undefined;
        }
        case 'notice.add':
          return notices.add(change);
        case 'notice.claim':
          return notices.claim(change);
        case 'notice.close':
          return notices.close(change);
        case 'pin.set':
          if (change.ifAbsent) {
            const known = selectKnownPin.get(change.tool)?.['pin'];
            if (known !== undefined) return known === change.pin ? undefined : refusals.pinExists(change.tool);
          }
          setPin.run(change.tool, change.pin, recordOf(change) ?? '', change.atMs);
          return undefined;
        case 'sink.open':
        case 'sink.advance':
        case 'sink.putAside':
        case 'sink.takeUp':
          return sinks.apply(change);
        default:
          return unreachable(change);
      }
    },
    begin: meters.mark,
    takeBack() {
      isolations.forget();
      breakers.forget();
      activeBundle = undefined;
      meters.takeBack();
    },
    write: meters.write,
    forget() {
      isolations.forget();
      breakers.forget();
      activeBundle = undefined;
      meters.forget();
    },
  };
}

function readLabel(text: unknown): Label {
  return JSON.parse(String(text)) as Label; // written above from a label
}
