/**
 * Events of a segment: those with the numbers 1 to 4,096, the next 4,096, and so on. `postings` say of each that is full
 * where in it whose events are. Part of the schema: it never changes.
 */
export const SEGMENT_EVENTS = 4_096;

/** The number of the last event that is in a full segment, of so many. */
export function lastPosted(lastSeq: number): number {
  return lastSeq - (lastSeq % SEGMENT_EVENTS);
}

/** The number of the first event of the segment that an event is in. */
export function segmentOf(seq: number): number {
  return lastPosted(seq - 1) + 1;
}
