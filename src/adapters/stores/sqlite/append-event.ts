import type { DatabaseSync } from 'node:sqlite';
import { type Digest, digestBytes } from '../../../base/digest.ts';
import { createPostSegment } from './post-segment.ts';
import { SEGMENT_EVENTS } from './segment-events.ts';
import type { WireEvent } from './wire.ts';

/** Appends events, numbering them without a gap, inside a transaction that the caller begins and ends. */
export interface EventAppender {
  /** Appends one event and returns its sequence number. */
  append(event: WireEvent): number;
  lastSeq(): number;
  /** Sets the last number back to what it was before events that were rolled back. */
  rewind(seq: number): void;
  /** Reads the last number from the file. To be called when anybody else may have appended. */
  refresh(): void;
}

/** Events of one row of `moments`; the migrations know it too. */
const MOMENT_EVENTS = 1_024;

export function createEventAppender(db: DatabaseSync): EventAppender {
  const insert = db.prepare(
    `INSERT INTO events (seq, id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body, digest)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertMoment = db.prepare(
    `INSERT INTO moments SELECT min(seq), max(seq), min(at_ms), max(at_ms) FROM events WHERE seq > ? AND seq <= ?`,
  );
  const postSegment = createPostSegment(db);
  const selectLast = db.prepare('SELECT coalesce(max(seq), 0) AS last FROM events');
  let last = 0;
  return {
    append(event) {
      const seq = last + 1;
      insert.run(seq, ...event, digestFields(event, seq));
      last = seq;
      if (seq % MOMENT_EVENTS === 0) insertMoment.run(seq - MOMENT_EVENTS, seq);
      if (seq % SEGMENT_EVENTS === 0) postSegment(seq - SEGMENT_EVENTS + 1);
      return seq;
    },
    lastSeq: () => last,
    rewind(seq) {
      last = seq;
    },
    refresh() {
      last = Number(selectLast.get()?.['last']);
    },
  };
}

/**
 * The digest `digestEvent` gives for the same event, without parsing its body: the canonical JSON is put together from
 * the fields in the order of their sorted names.
 */
export function digestFields(event: WireEvent, seq: number): Digest {
  const [id, kind, tenant, runId, callId, agent, tool, user, atMs, body] = event;
  const text = JSON.stringify;
  return digestBytes(
    `{${agent === null ? '' : `"agent":${text(agent)},`}"atMs":${text(atMs)},"body":${body},` +
      `${callId === null ? '' : `"callId":${text(callId)},`}"id":${text(id)},"kind":${text(kind)},` +
      `${runId === null ? '' : `"runId":${text(runId)},`}"seq":${text(seq)},"tenant":${text(tenant)}` +
      `${tool === null ? '' : `,"tool":${text(tool)}`}${user === null ? '' : `,"user":${text(user)}`}}`,
  );
}
