import { randomBytes } from 'node:crypto';

/**
 * Time, randomness and ids: the only file that reads them from the machine. Everything else is handed a `Clock`, so
 * that a simulation can seed it and a replay can repeat it.
 */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump in either direction. */
  nowMs(): number;
  /** Monotonic clock, milliseconds with a fraction, from an arbitrary origin. Never goes back. */
  monotonicMs(): number;
  /** `count` bytes from a cryptographically secure source. */
  randomBytes(count: number): Uint8Array;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  randomBytes: takeRandomBytes,
};

const POOL_BYTES = 4_096;
let pool: Uint8Array = new Uint8Array(0);
let taken = 0;

/** Asking the system costs the same for 12 bytes as for 4,096. What was handed out is never handed out again. */
function takeRandomBytes(count: number): Uint8Array {
  if (count > POOL_BYTES / 4) return randomBytes(count);
  if (taken + count > pool.length) {
    pool = Uint8Array.from(randomBytes(POOL_BYTES)); // a copy: slices of a Buffer share its memory
    taken = 0;
  }
  const bytes = pool.slice(taken, taken + count);
  pool.fill(0, taken, taken + count);
  taken += count;
  return bytes;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford base32: no i, l, o, u to misread
const RANDOM_BYTES = 12;

/**
 * A new id: `<prefix>_<10 characters of milliseconds><20 of randomness (96 bits)>`, e.g. `run_01jd3k…`.
 * Sorts by time, cannot be guessed, and says what it names.
 */
export function newId(clock: Clock, prefix: string): string {
  let time = Math.max(0, clock.nowMs());
  let head = '';
  for (let i = 0; i < 10; i++) {
    head = ALPHABET.charAt(time % 32) + head;
    time = Math.floor(time / 32);
  }
  let bits = 0;
  let held = 0;
  let tail = '';
  for (const byte of clock.randomBytes(RANDOM_BYTES)) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tail += ALPHABET.charAt((held >> bits) & 31);
    }
  }
  if (bits > 0) tail += ALPHABET.charAt((held << (5 - bits)) & 31);
  return `${prefix}_${head}${tail}`;
}

/** When an id was made, in milliseconds since 1970. Undefined for what is not of the form that `newId` gives. */
export function readIdMs(id: string): number | undefined {
  const head = /^[a-z]+_([0-9a-hjkmnp-tv-z]{10})[0-9a-hjkmnp-tv-z]{20}$/.exec(id)?.[1];
  if (head === undefined) return undefined;
  return [...head].reduce((ms, character) => ms * 32 + ALPHABET.indexOf(character), 0);
}
