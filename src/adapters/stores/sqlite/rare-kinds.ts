import type { EventKind } from '../../../model/event.ts';

/**
 * Kinds of which every call or run has some: found soon wherever one looks, and too many to be worth an index. Part of the
 * schema: a released list is never edited.
 */
const COMMON: readonly EventKind[] = [
  'run.started',
  'run.planned',
  'run.ended',
  'content.ingested',
  'model.step',
  'usage.reported',
  'call.refused',
  'call.asked',
  'call.intended',
  'call.completed',
  'answer.released',
  'credential.leased',
  'credential.revoked',
  'egress.opened',
  'egress.passed',
  'egress.refused',
  'egress.ended',
  'egress.closed',
  'history.recorded',
];

/** What the index on the others holds, as SQL. A query that says it in the same words can use that index. */
export const RARE_KIND = `kind NOT IN (${COMMON.map((kind) => `'${kind}'`).join(', ')})`;

export function isRare(kind: EventKind): boolean {
  return !COMMON.includes(kind);
}
