import { isKept } from './kept-record.ts';
import type { Field } from './read-records.ts';
import type { RunView } from './run-view.ts';
import type { SeenRecord } from './seen-record.ts';

/** Fields by which a record says whose it is. */
const WHOSE: ReadonlySet<string> = new Set(
  'account customer client company organization organisation contact patient member user employee person tenant supplier vendor'.split(
    ' ',
  ),
);

/**
 * Whether a record is the only one of its sort that belongs to somebody whom the prompt names and the user's side keeps: `make
 * Oleg a quote` means the one deal of Oleg's company.
 */
export function isOfNamed(record: SeenRecord, { index, authority }: RunView): boolean {
  if (authority.destructive || record.ownWrite || record.narrowed || record.shape.prose || index.exhausted)
    return false;
  return record.shape.fields.some((field) => {
    if (field.key === undefined || field === record.shape.id || !saysWhose(field)) return false;
    const places = index.find(field.key).filter(({ inProse, record: other }) => !inProse && !other.ownWrite);
    const isNamed = places.some(
      (place) =>
        saysWhose(place.field) &&
        !place.record.kinds.some((kind) => record.kinds.includes(kind)) &&
        isKept(place.record) &&
        index.isNamed(place.record, place.record.kinds),
    );
    return (
      isNamed &&
      places.every(
        (place) =>
          place.record.identity === record.identity ||
          !place.record.kinds.some((kind) => record.kinds.includes(kind)) ||
          !saysWhose(place.field),
      )
    );
  });
}

/** `account`, `account.name`, `customer_id`. */
function saysWhose({ path, words }: Field): boolean {
  const [above = ''] = path.split('.').slice(-2, -1);
  return (
    WHOSE.has(words.at(-1) ?? '') ||
    WHOSE.has(above.toLowerCase()) ||
    (words.at(-1) === 'id' && WHOSE.has(words.at(-2) ?? ''))
  );
}
