import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { Approval, ApprovalAnswer } from '../../../model/approval.ts';
import type { StoredEvent } from '../../../model/event.ts';
import type { Label } from '../../../model/label.ts';
import { readMeter } from '../../../model/meter.ts';
import type { WaitingNotice } from '../../../model/notice.ts';
import type { Run } from '../../../model/run.ts';
import type { ToolName } from '../../../model/tool.ts';
import type { StoredPin, StoredRunKey } from '../../../ports/store.ts';
import { toBreaker } from './breaker-changes.ts';
import { findEvents } from './find-events.ts';
import type { Instance } from './instances.ts';
import { readPeople } from './isolation-changes.ts';
import { readSlots } from './meter-changes.ts';
import { createPeopleReader } from './people-reader.ts';
import { prepareOnce } from './prepare-once.ts';
import { selectRuns } from './select-events.ts';
import type { Reader } from './wire.ts';

type Row = ReturnType<StatementSync['all']>[number];

/**
 * Everything that can be read from a store's file. Reads what is committed at the time of the call.
 *
 * @param live says who has the file open for writing.
 */
export function createReader(db: DatabaseSync, live: () => readonly Instance[]): Reader {
  const selectRun = db.prepare('SELECT record, label, ended_at_ms, paused_for FROM runs WHERE id = ? AND tenant = ?');
  const selectRunKey = db.prepare(
    'SELECT id, key, user, erased_at_ms, expires_at_ms FROM runs WHERE id = ? AND tenant = ?',
  );
  const approvalColumns = 'record, state, answers, answered_by, answered_at_ms';
  const selectApproval = db.prepare(`SELECT ${approvalColumns} FROM approvals WHERE id = ? AND tenant = ?`);
  const selectApprovals = db.prepare(
    `SELECT ${approvalColumns} FROM approvals WHERE tenant = ? AND state = ? ORDER BY asked_at_ms DESC, id DESC LIMIT ?`,
  );
  const selectLaterApprovals = db.prepare(
    `SELECT ${approvalColumns} FROM approvals WHERE tenant = ?1 AND state = ?2
     AND (asked_at_ms, id) < (SELECT asked_at_ms, id FROM approvals WHERE tenant = ?1 AND id = ?3)
     ORDER BY asked_at_ms DESC, id DESC LIMIT ?4`,
  );
  const selectAsked = db.prepare(
    `SELECT id, run_id, call_digest FROM approvals
     WHERE tenant = ? AND state IN ('pending', 'approved', 'denied') AND expires_at_ms > ?
     ORDER BY asked_at_ms DESC, id DESC LIMIT ?`,
  );
  const selectLastSpent = db.prepare(
    `SELECT ${approvalColumns} FROM approvals
     WHERE tenant = ? AND agent = ? AND tool = ? AND state = 'consumed' AND asked_at_ms < ?
     ORDER BY asked_at_ms DESC, id DESC LIMIT 1`,
  );
  const selectOverdue = db.prepare(
    `SELECT id, run_id, agent, tool FROM approvals
     WHERE tenant = ? AND state IN ('pending', 'approved') AND expires_at_ms <= ? ORDER BY expires_at_ms, id LIMIT ?`,
  );
  const selectDelegations = db.prepare(
    `SELECT tenant, duty_of, deputy, until_ms FROM delegations WHERE tenant = ? AND until_ms > ?
     ORDER BY duty_of, deputy`,
  );
  const selectTierReview = db.prepare('SELECT tenant, digest, by, at_ms FROM tier_reviews WHERE tenant = ?');
  const selectNotices = db.prepare(
    'SELECT * FROM notices WHERE tenant = ? AND due_at_ms <= ? ORDER BY due_at_ms, id LIMIT ?',
  );
  const selectAbandonedIntents = db.prepare(
    `SELECT call_id, tenant, run_id, opened_at_ms FROM intents
     WHERE ran IS NULL AND (instance IS NULL OR instance NOT IN (SELECT value FROM json_each(?)))
     ORDER BY opened_at_ms, call_id LIMIT ?`,
  );
  const selectMeter = db.prepare('SELECT slots FROM meters WHERE meter = ?');
  const selectPin = db.prepare('SELECT pin, record, at_ms FROM pins WHERE tool = ?');
  // A tool's name has one slash, and `0` is the character after it.
  const selectPins = db.prepare(
    `SELECT tool, pin, record, at_ms FROM pins WHERE tool >= ? || '/' AND tool < ? || '0' ORDER BY tool`,
  );
  const selectIsolations = db.prepare(
    'SELECT scope, reason, at_ms, stopped_by, incident, epoch FROM isolations ORDER BY scope',
  );
  const selectBreakers = db.prepare('SELECT * FROM breakers ORDER BY at_ms DESC, scope LIMIT ?');
  const selectBreaker = db.prepare('SELECT * FROM breakers WHERE scope = ?');
  const selectEpoch = db.prepare('SELECT epoch FROM isolation_epoch');
  const selectSeen = db.prepare('SELECT instance, epoch, at_ms FROM isolations_seen ORDER BY instance');
  const selectOpenIntents = db.prepare(
    `SELECT call_id, tenant, run_id, opened_at_ms,
       (SELECT json_array(agent, tool) FROM events
        WHERE events.call_id = intents.call_id AND kind = 'call.intended' LIMIT 1) AS subject
     FROM intents WHERE ran IS NULL AND instance IN (SELECT value FROM json_each(?))
     ORDER BY opened_at_ms, call_id LIMIT ?`,
  );
  const selectWritten = db.prepare('SELECT seq, object FROM written WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?');
  const selectContent = db.prepare('SELECT record FROM contents WHERE digest = ?');
  const selectBundle = db.prepare('SELECT record FROM bundles WHERE digest = ?');
  const selectActiveBundle = db.prepare(
    'SELECT digest, record, at_ms, instance FROM active_bundle JOIN bundles USING (digest)',
  );
  const selectSinks = db.prepare(
    `SELECT sink, seq, at_ms, (SELECT count(*) FROM put_aside AS aside WHERE aside.tenant = sinks.tenant AND aside.sink = sinks.sink) AS aside
     FROM sinks WHERE tenant = ? ORDER BY sink`,
  );
  const selectPutAside = db.prepare(
    'SELECT seq, reason, at_ms FROM put_aside WHERE tenant = ? AND sink = ? AND seq > ? ORDER BY seq LIMIT ?',
  );
  const prepare = prepareOnce(db);

  return {
    ...createPeopleReader(db),
    readEvents(query) {
      const page: StoredEvent[] = [];
      let chars = 0;
      for (const row of findEvents(prepare, query)) {
        page.push(toEvent(row));
        chars += String(row['body']).length;
        if (page.length === query.limit || chars >= limits.pageChars) break;
      }
      return page;
    },
    readRun(tenant, runId) {
      const row = selectRun.get(runId, tenant);
      if (row === undefined) return undefined;
      const label = parse<Label>(row['label']);
      return {
        ...parse<Run>(row['record']),
        label,
        ...(row['ended_at_ms'] !== null && { endedAtMs: Number(row['ended_at_ms']) }),
        ...(row['paused_for'] !== null && { pausedFor: String(row['paused_for']) }),
      };
    },
    readRunKeys(tenant, runIds) {
      return runIds.flatMap((runId) => {
        const row = selectRunKey.get(runId, tenant);
        return row === undefined ? [] : [toRunKey(row)];
      });
    },
    readApproval(tenant, approvalId) {
      const row = selectApproval.get(approvalId, tenant);
      return row && toApproval(row);
    },
    listApprovals(tenant, state, limit, after) {
      const rows =
        after === undefined
          ? selectApprovals.iterate(tenant, state, limit)
          : selectLaterApprovals.iterate(tenant, state, after, limit);
      const page: Approval[] = [];
      let chars = 0;
      for (const row of rows) {
        page.push(toApproval(row));
        chars += String(row['record']).length;
        if (chars >= limits.pageChars) break;
      }
      return page;
    },
    listAsked(tenant, nowMs, limit) {
      return selectAsked.all(tenant, nowMs, limit).map((row) => ({
        approvalId: String(row['id']),
        runId: String(row['run_id']),
        callDigest: asDigest(row['call_digest']),
      }));
    },
    readLastSpent(tenant, agent, tool, beforeMs) {
      const row = selectLastSpent.get(tenant, agent, tool, beforeMs);
      return row && toApproval(row);
    },
    listOverdue(tenant, nowMs, limit) {
      return selectOverdue.all(tenant, nowMs, limit).map((row) => ({
        approvalId: String(row['id']),
        runId: String(row['run_id']),
        agent: String(row['agent']),
        tool: String(row['tool']) as ToolName, // only tools' names are written to this column
      }));
    },
    listDelegations(tenant, nowMs) {
      return selectDelegations.all(tenant, nowMs).map((row) => ({
        tenant,
        from: String(row['duty_of']),
        to: String(row['deputy']),
        untilMs: Number(row['until_ms']),
      }));
    },
    readTierReview(tenant) {
      const row = selectTierReview.get(tenant);
      return row && { tenant, digest: String(row['digest']), by: String(row['by']), atMs: Number(row['at_ms']) };
    },
    listNotices(tenant, nowMs, limit) {
      return selectNotices.all(tenant, nowMs, limit).map(toNotice);
    },
    listAbandonedIntents(limit) {
      // One snapshot: whoever opened an intent that is in it is entered in it too, and was alive then.
      db.exec('BEGIN');
      const rows = (() => {
        try {
          return selectAbandonedIntents.all(JSON.stringify(live().map(({ id }) => id)), limit);
        } finally {
          db.exec('ROLLBACK');
        }
      })();
      return rows.map((row) => ({
        callId: String(row['call_id']),
        tenant: String(row['tenant']),
        runId: String(row['run_id']),
        atMs: Number(row['opened_at_ms']),
      }));
    },
    readMeters(meters, nowMs) {
      return meters.map(({ meter, windowMs }) => {
        const row = selectMeter.get(meter);
        return row === undefined ? 0 : readMeter(readSlots(row['slots']), windowMs, nowMs);
      });
    },
    readBreakers(limit, scopes) {
      if (scopes === undefined) return selectBreakers.all(limit).map(toBreaker);
      return scopes.flatMap((scope) => selectBreaker.all(scope).map(toBreaker)).slice(0, limit);
    },
    readPin(tool) {
      const row = selectPin.get(tool);
      return row && toPin(tool, row);
    },
    listPins(server) {
      // only tools' names are written to this column
      return selectPins.all(server, server).map((row) => toPin(String(row['tool']) as ToolName, row));
    },
    listWritten(tenant, afterSeq, limit) {
      return selectWritten
        .all(tenant, afterSeq, limit)
        .map((row) => ({ seq: Number(row['seq']), object: String(row['object']) }));
    },
    readBundle(bundle) {
      const row = selectBundle.get(bundle);
      return row && { bundle, content: parse<JsonObject>(row['record']) };
    },
    listRuns(query) {
      const { sql, values } = selectRuns(query);
      return prepare(sql)
        .all(...values)
        .map(toRunKey);
    },
    readContent(digest) {
      const row = selectContent.get(digest);
      return row && parse<JsonObject>(row['record']);
    },
    listIsolations() {
      return selectIsolations.all().map((row) => ({
        scope: String(row['scope']),
        reason: String(row['reason']),
        atMs: Number(row['at_ms']),
        by: readPeople(row['stopped_by']),
        incident: row['incident'] === 1,
        epoch: Number(row['epoch']),
      }));
    },
    readIsolationState() {
      const pids = new Map(live().map(({ id, pid }) => [id, pid]));
      const seen = selectSeen.all().flatMap((row) => {
        const pid = pids.get(Number(row['instance']));
        return pid === undefined ? [] : [{ pid, epoch: Number(row['epoch']), atMs: Number(row['at_ms']) }];
      });
      return { epoch: Number(selectEpoch.get()?.['epoch'] ?? 0), seen };
    },
    listOpenIntents(limit) {
      const ids = JSON.stringify(live().map(({ id }) => id));
      return selectOpenIntents.all(ids, limit).map((row) => {
        const [agent, tool] = row['subject'] === null ? [] : parse<readonly (string | null)[]>(row['subject']);
        return {
          callId: String(row['call_id']),
          tenant: String(row['tenant']),
          runId: String(row['run_id']),
          atMs: Number(row['opened_at_ms']),
          agent: agent ?? '',
          tool: tool ?? '',
        };
      });
    },
    readActiveBundle() {
      const row = selectActiveBundle.get();
      if (row === undefined) return undefined;
      const activator = live().find(({ id }) => id === row['instance']);
      return {
        bundle: asDigest(row['digest']),
        content: parse<JsonObject>(row['record']),
        atMs: Number(row['at_ms']),
        ...(activator === undefined ? {} : { activator: { pid: activator.pid } }),
      };
    },
    listSinks(tenant) {
      return selectSinks.all(tenant).map((row) => ({
        sink: String(row['sink']),
        seq: Number(row['seq']),
        atMs: Number(row['at_ms']),
        putAside: Number(row['aside']),
      }));
    },
    listPutAside(tenant, sink, afterSeq, limit) {
      return selectPutAside.all(tenant, sink, afterSeq, limit).map((row) => ({
        sink,
        seq: Number(row['seq']),
        reason: String(row['reason']),
        atMs: Number(row['at_ms']),
      }));
    },
  };
}

function toEvent(row: Row): StoredEvent {
  return {
    id: String(row['id']),
    kind: String(row['kind']) as StoredEvent['kind'], // only kinds are written, and the digest covers it
    tenant: String(row['tenant']),
    ...(row['run_id'] !== null && { runId: String(row['run_id']) }),
    ...(row['call_id'] !== null && { callId: String(row['call_id']) }),
    ...(row['agent'] !== null && { agent: String(row['agent']) }),
    ...(row['tool'] !== null && { tool: String(row['tool']) }),
    ...(row['user'] !== null && { user: String(row['user']) }),
    atMs: Number(row['at_ms']),
    body: parse<JsonObject>(row['body']),
    seq: Number(row['seq']),
    digest: asDigest(row['digest']),
  };
}

function toRunKey(row: Row): StoredRunKey {
  return {
    runId: String(row['id']),
    expiresAtMs: Number(row['expires_at_ms']),
    ...(row['key'] !== null && { wrapped: String(row['key']) }),
    ...(row['user'] !== null && { user: String(row['user']) }),
    ...(row['erased_at_ms'] !== null && { erasedAtMs: Number(row['erased_at_ms']) }),
  };
}

function toApproval(row: Row): Approval {
  return {
    ...parse<Approval>(row['record']),
    state: String(row['state']) as Approval['state'], // the table has a check for it
    ...(row['answers'] !== null && { answers: parse<ApprovalAnswer[]>(row['answers']) }),
    ...(row['answered_by'] !== null && { answeredBy: String(row['answered_by']) }),
    ...(row['answered_at_ms'] !== null && { answeredAtMs: Number(row['answered_at_ms']) }),
  };
}

function toNotice(row: Row): WaitingNotice {
  return {
    id: String(row['id']),
    tenant: String(row['tenant']),
    channel: String(row['channel']),
    kind: String(row['kind']) as WaitingNotice['kind'], // only kinds are written
    facts: parse<JsonObject>(row['facts']),
    atMs: Number(row['at_ms']),
    untilMs: Number(row['until_ms']),
    attempts: Number(row['attempts']),
    dueAtMs: Number(row['due_at_ms']),
  };
}

function toPin(tool: ToolName, row: Row): StoredPin {
  const descriptor = parse<JsonObject>(row['record']);
  return { tool, pin: asDigest(row['pin']), descriptor, atMs: Number(row['at_ms']) };
}

function parse<Written>(text: unknown): Written {
  try {
    return JSON.parse(String(text)) as Written; // the store wrote it itself from this type
  } catch (error) {
    throw new Fault('E_STORE_CORRUPT', 'a record in the store is not the JSON that was written', { cause: error });
  }
}

function asDigest(value: unknown): StoredEvent['digest'] {
  return String(value) as StoredEvent['digest']; // only digests are written to these columns
}
