import { SEGMENT_EVENTS } from './segment-events.ts';

/** Which of the events of a segment have something: a bit of each, in the order of their numbers. */
export type Places = Uint8Array;

const PLACES_BYTES = SEGMENT_EVENTS / 8;
const OFFSET_BYTES = 2;

/**
 * As they are stored: few as their offsets, two bytes each, more as the bits themselves. Which it is follows from the length.
 *
 * @param offsets in order, each below `SEGMENT_EVENTS`
 */
export function writePlaces(offsets: readonly number[]): Uint8Array {
  if (offsets.length * OFFSET_BYTES >= PLACES_BYTES) {
    const bits = new Uint8Array(PLACES_BYTES);
    for (const offset of offsets) setPlace(bits, offset);
    return bits;
  }
  const bytes = new Uint8Array(offsets.length * OFFSET_BYTES);
  for (const [i, offset] of offsets.entries()) {
    bytes[OFFSET_BYTES * i] = offset & 0xff;
    bytes[OFFSET_BYTES * i + 1] = offset >> 8;
  }
  return bytes;
}

export function readPlaces(bytes: Uint8Array): Places {
  if (bytes.length === PLACES_BYTES) return bytes;
  const bits = new Uint8Array(PLACES_BYTES);
  for (let i = 0; i + 1 < bytes.length; i += OFFSET_BYTES) {
    setPlace(bits, (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8));
  }
  return bits;
}

export function noPlaces(): Places {
  return new Uint8Array(PLACES_BYTES);
}

export function allPlaces(): Places {
  return noPlaces().fill(0xff);
}

/** Those that are in either; `a` becomes them. */
export function addPlaces(a: Places, b: Places): void {
  for (let i = 0; i < PLACES_BYTES; i++) a[i] = (a[i] ?? 0) | (b[i] ?? 0);
}

/** Those that are in both; `a` becomes them. */
export function keepPlaces(a: Places, b: Places): void {
  for (let i = 0; i < PLACES_BYTES; i++) a[i] = (a[i] ?? 0) & (b[i] ?? 0);
}

/** The offsets of those from `first` to `last`, in order. */
export function listPlaces(places: Places, first: number, last: number): number[] {
  const offsets: number[] = [];
  for (const [i, byte] of places.entries()) {
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const offset = 8 * i + bit;
      if ((byte & (1 << bit)) !== 0 && offset >= first && offset <= last) offsets.push(offset);
    }
  }
  return offsets;
}

function setPlace(bits: Places, offset: number): void {
  bits[offset >> 3] = (bits[offset >> 3] ?? 0) | (1 << (offset & 7));
}
