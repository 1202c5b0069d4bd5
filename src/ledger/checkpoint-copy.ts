import { sha256 } from '../base/sha256.ts';
import { toHex } from './text-bytes.ts';

/** Where the checkpoints of a copy lie. The one of a log is written again and again; those of a copy are only ever added. */
export const CHECKPOINTS_PATH = 'checkpoints';
const SIZE_DIGITS = 15;
const NAME_DIGITS = 16;

/**
 * `checkpoints/000/000/000/070/000.<16 hex digits>`: by size, so that the last one is found by looking into five folders;
 * and by content, so that the same checkpoint with another witness’s signature, or another one of that size, has a place.
 */
export function checkpointCopyPath(size: number, text: string): string {
  const groups = String(size).padStart(SIZE_DIGITS, '0').match(/.{3}/g) ?? [];
  return `${CHECKPOINTS_PATH}/${groups.join('/')}.${toHex(sha256(text)).slice(0, NAME_DIGITS)}`;
}

/** The folders on the way to the checkpoints of a copy, below `CHECKPOINTS_PATH`. */
export const CHECKPOINT_DEPTH = SIZE_DIGITS / 3 - 1;

/** The last three digits of the size of a checkpoint by that name; undefined where it is no such name. */
export function readCheckpointName(name: string): string | undefined {
  return /^(\d{3})\.[0-9a-f]{16}$/.exec(name)?.[1];
}
