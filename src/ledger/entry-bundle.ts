import { Fault } from '../base/fault.ts';

const LENGTH_BYTES = 2;
const MAX_ENTRY_BYTES = 0xffff;

/** Entries as they are served: each after its length in two bytes, the greater first. */
export function writeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + LENGTH_BYTES + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw new Fault('E_LIMIT', 'an entry of a log is at most 65,535 bytes');
    bytes[at] = entry.length >> 8;
    bytes[at + 1] = entry.length & 0xff;
    bytes.set(entry, at + LENGTH_BYTES);
    at += LENGTH_BYTES + entry.length;
  }
  return bytes;
}

/** The entries of a bundle, as far as it is one: what follows a broken length is left out. */
export function readEntryBundle(bytes: Uint8Array): { readonly entries: readonly Uint8Array[]; readonly rest: number } {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const end = at + LENGTH_BYTES + length;
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return { entries, rest: bytes.length - at };
}
