import { digestBytes } from '../base/digest.ts';

/** The check digits that make a chance match unlikely. Each takes the bare characters, without spaces or hyphens. */

/** Payment cards. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits.length > 0 && sum % 10 === 0;
}

/** IBAN: ISO 7064 mod 97, letters as two digits, the first four characters moved to the end. */
export function passesIban(iban: string): boolean {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    if (Number.isNaN(value)) return false;
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
  }
  return rest === 1;
}

const VERHOEFF_PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Aadhaar: Verhoeff's scheme over the dihedral group of ten elements. */
export function passesVerhoeff(digits: string): boolean {
  let check = 0;
  for (let i = 0; i < digits.length; i++) {
    let value = digits.charCodeAt(digits.length - 1 - i) - 48;
    for (let turn = i % 8; turn > 0; turn--) value = VERHOEFF_PERMUTATION[value] ?? 0;
    check = multiplyDihedral(check, value);
  }
  return digits.length > 0 && check === 0;
}

/** Elements 0–4 turn a pentagon, 5–9 mirror it first. */
function multiplyDihedral(a: number, b: number): number {
  const turn = a < 5 ? a + (b % 5) : a - (b % 5);
  const mirrored = a >= 5 !== b >= 5;
  return ((turn + 10) % 5) + (mirrored ? 5 : 0);
}

/** Brazil's CPF: two check digits mod 11. */
export function passesCpf(digits: string): boolean {
  if (!/^\d{11}$/.test(digits) || /^(\d)\1+$/.test(digits)) return false;
  return [9, 10].every((length) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Number(digits.charAt(i)) * (length + 1 - i);
    return ((sum * 10) % 11) % 10 === Number(digits.charAt(length));
  });
}

/** Spain's DNI and NIE: a letter for the number mod 23. */
export function passesDni(id: string): boolean {
  const number = Number(id.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23) === id.charAt(8);
}

/** France's NIR: 97 minus the number mod 97. */
export function passesNir(digits: string): boolean {
  return 97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13));
}

/** Italy's codice fiscale: a letter for the sum of all others, odd places by a table of their own. */
export function passesCodiceFiscale(code: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const character = code.charCodeAt(i);
    const value = character < 65 ? character - 48 : character - 65;
    sum += i % 2 === 0 ? (odd[value] ?? 0) : value;
  }
  return code.charCodeAt(15) - 65 === sum % 26;
}

/** Numbers with weights whose sum is a multiple: Poland's PESEL (mod 10), the Dutch BSN (mod 11). */
export function passesWeights(digits: string, weights: readonly number[], modulus: number): boolean {
  if (digits.length !== weights.length) return false;
  let sum = 0;
  for (const [i, weight] of weights.entries()) sum += (digits.charCodeAt(i) - 48) * weight;
  return sum % modulus === 0 && sum !== 0;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The bytes of a Base58Check text without its checksum, or undefined if that does not fit. At most 128 characters. */
export function decodeBase58Check(text: string): Uint8Array | undefined {
  if (text.length > 128) return undefined;
  let number = 0n;
  for (const character of text) {
    const value = BASE58.indexOf(character);
    if (value < 0) return undefined;
    number = number * 58n + BigInt(value);
  }
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  const digits = number === 0n ? '' : number.toString(16);
  const hex = '00'.repeat(zeros) + (digits.length % 2 === 0 ? digits : `0${digits}`);
  const bytes = hexToBytes(hex);
  if (bytes.length < 5) return undefined;
  const body = bytes.slice(0, -4);
  const check = digestBytes(hexToBytes(digestBytes(body).slice(7))).slice(7, 15);
  return check === hex.slice(-8) ? body : undefined;
}

function hexToBytes(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Bech32 and Bech32m, as SegWit addresses use them; in one case. */
export function passesBech32(address: string): boolean {
  const lower = address.toLowerCase();
  const divide = lower.lastIndexOf('1');
  const prefix = lower.slice(0, divide);
  const values = [...prefix].map((character) => character.charCodeAt(0) >> 5);
  values.push(0, ...[...prefix].map((character) => character.charCodeAt(0) & 31));
  for (const character of lower.slice(divide + 1)) {
    const value = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(character);
    if (value < 0) return false;
    values.push(value);
  }
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries()) {
      if ((top >> bit) & 1) check ^= generator;
    }
  }
  return check === 1 || check === 0x2bc830a3;
}
