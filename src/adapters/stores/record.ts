import { assert } from '../../base/assert.ts';
import { canonicalJson } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Change } from '../../ports/store.ts';
import { refusals, type StoreRefusal } from './refusals.ts';

const MAX_UTF8_BYTES_PER_UNIT = 3;

/** Whether a record's JSON text is over `limits.recordBytes`. Counts bytes only where the length leaves a doubt. */
export function isTooLarge(record: string, mostBytes: number = limits.recordBytes): boolean {
  if (record.length * MAX_UTF8_BYTES_PER_UNIT <= mostBytes) return false;
  return record.length > mostBytes || new TextEncoder().encode(record).length > mostBytes;
}

/** What is around the base64 of a sealed text: `{"commitment":"<64 digits>","sealed":"…"}`. */
const AROUND_CHARS = 93;
/** In the base64 besides the text: nonce and tag. */
const BESIDE_BYTES = 28;
/** What may be told at most for its record to be no larger than `limits.recordBytes` once it is sealed. */
const MOST_TOLD_BYTES = Math.floor((limits.recordBytes - AROUND_CHARS) / 4) * 3 - BESIDE_BYTES;

/** Whether what is told will be too large a record once it is sealed. */
export function isTooLargeSealed(told: string): boolean {
  return isTooLarge(told, MOST_TOLD_BYTES);
}

/** Refuses a commit one of whose records is too large; undefined when none is. Throws a `Bug` if one is not JSON. */
export function refuseTooLarge(changes: readonly Change[]): StoreRefusal | undefined {
  const tooLarge = changes.find((change) => isTooLarge(recordOf(change) ?? ''));
  return tooLarge && refusals.recordTooLarge(tooLarge.kind);
}

/** The JSON text a change puts in the store, or undefined when it carries no record. Throws a `Bug` if it is not JSON. */
export function recordOf(change: Change): string | undefined {
  switch (change.kind) {
    case 'event.append':
      return canonicalJson(change.event.body);
    case 'run.open':
      return JSON.stringify(change.run);
    case 'person.put':
      return JSON.stringify(change.person);
    case 'approval.open':
      return JSON.stringify(change.approval);
    case 'notice.add':
      return canonicalJson(change.notice.facts);
    case 'bundle.activate':
    case 'content.keep':
      return canonicalJson(change.content);
    case 'pin.set':
      return canonicalJson(change.descriptor);
    default:
      return undefined;
  }
}

/** Throws a `Bug` unless `limit` is one the store port allows. */
export function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= 1_000, 'a limit is a whole number from 1 to 1,000');
}
