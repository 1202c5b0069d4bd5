import type { DatabaseSync } from 'node:sqlite';
import { createPostSegment } from './post-segment.ts';
import { lastPosted, SEGMENT_EVENTS } from './segment-events.ts';

/** Posts every segment that is full, of a file that has no postings yet. */
export function postAll(db: DatabaseSync): void {
  const postSegment = createPostSegment(db);
  const lastSeq = Number(db.prepare('SELECT coalesce(max(seq), 0) AS last FROM events').get()?.['last']);
  for (let firstSeq = 1; firstSeq <= lastPosted(lastSeq); firstSeq += SEGMENT_EVENTS) postSegment(firstSeq);
}
