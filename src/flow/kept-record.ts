import type { SeenRecord } from './seen-record.ts';

/** Sorts of records that somebody keeps for themselves. */
const KEPT: ReadonlySet<string> = new Set(
  'contact user member employee people person colleague staff customer client directory team account profile'.split(
    ' ',
  ),
);

/** Whether a record is of a sort that nobody but the user's own side writes, and nothing says otherwise. */
export const isKept = ({
  kinds,
  ownWrite,
  byOutsider,
  narrowed,
}: Pick<SeenRecord, 'kinds' | 'ownWrite' | 'byOutsider' | 'narrowed'>): boolean =>
  !ownWrite && !byOutsider && !narrowed && kinds.some((kind) => KEPT.has(kind));
