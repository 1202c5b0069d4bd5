import { Fault } from '../base/fault.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function toBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws Fault E_EVIDENCE where the bytes are not UTF-8. */
export function toText(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault('E_EVIDENCE', `${what} is not UTF-8`);
  }
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(toBinary(bytes));
}

/**
 * The bytes of base64 as RFC 4648 §4 writes them. A decoder that forgives would let several texts stand for the same
 * bytes; undefined for whatever is not written exactly so.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return text.length % 4 === 0 && btoa(toBinary(bytes)) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const AT_ONCE = 8_192;

/** One character a byte. A call takes only so many arguments. */
function toBinary(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += AT_ONCE) text += String.fromCharCode(...bytes.subarray(i, i + AT_ONCE));
  return text;
}

/** A whole number without sign or leading zeroes that a double holds exactly; undefined for any other text. */
export function readDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
