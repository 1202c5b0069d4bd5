import type { Random } from './random.ts';

/** The types of the language. Every attribute has one that it mostly holds, so that most expressions are well typed. */
export const types = [
  'bool',
  'long',
  'string',
  'entity',
  'longs',
  'strings',
  'entities',
  'record',
  'decimal',
  'ip',
  'datetime',
  'duration',
] as const;
export type TypeName = (typeof types)[number];

/** Attribute name by type, odd names included. */
export const attributeOf: Readonly<Record<TypeName, string>> = {
  bool: 'b',
  long: 'n',
  string: 'two words',
  entity: 'e',
  longs: 'ns',
  strings: '__proto__',
  entities: 'constructor',
  record: 'r',
  decimal: 'd',
  ip: 'ip',
  datetime: 't',
  duration: 'u',
};

export const entityTypes = ['A', 'B', 'N::C'] as const;
export const ids = ['a', 'b', 'c "quoted"', 'é\n'] as const;
export const actionIds = ['x', 'y', 'all'] as const;
export const texts = ['', 'a', 'ab', 'abab', 'a*b', 'é😀', 'b\\', 'aab', '😀'] as const;
export const tagNames = ['a', 'ab', 'é😀'] as const;
export const longs = [-2, -1, 0, 1, 2, 3, 7, 1000, 9007199254740991, -9007199254740991, 4611686018427387] as const;
export const decimals = ['0.0', '1.0', '1.00', '-1.5', '1.2345', '922337203685477.5807', '-0.0', '007.5'] as const;
export const badDecimals = [
  '1',
  '1.23456',
  '.5',
  '922337203685477.5808',
  'x',
  '1.',
  '--1.0',
  '99999999999999999999.0',
] as const;
export const addresses = [
  '127.0.0.1',
  '127.0.0.0/8',
  '127.0.0.0/7',
  '10.0.0.1',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '0.0.0.0/0',
  '224.0.0.1',
  '224.0.0.0/3',
  '::1',
  '::1/127',
  '::',
  '::/0',
  'ff00::/8',
  'ff00::1/7',
  'fe80::1:2',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::ffff:ff00:1',
  'FE80::1:2',
] as const;
export const badAddresses = [
  '',
  '1.2.3',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.4/33',
  '1.2.3.4/08',
  '1.2.3.4/',
  '::ffff:1.2.3.4',
  '1:2:3:4::5:6:7:8',
  ':::',
  '12345::',
  '::/129',
  '1.2.3.4.5',
  'fe80::1%eth0',
  '::1/1280',
] as const;
export const datetimes = [
  '1970-01-01',
  '2024-02-29',
  '2024-02-29T23:59:59Z',
  '2024-02-29T23:59:59.999Z',
  '2024-03-01T00:59:59+0100',
  '1969-12-31T23:00:00.001-0030',
  '0000-01-01',
  '0099-12-31',
  '9999-12-31T23:59:59.999Z',
] as const;
export const badDatetimes = [
  '2023-02-29',
  '2024-13-01',
  '2024-01-01T24:00:00Z',
  '2024-01-01T00:60:00Z',
  '2024-01-01T00:00:60Z',
  '2024-01-01T00:00:00',
  '2024-01-01T00:00:00.1Z',
  '2024-01-01T00:00:00+2400',
  '2024-01-01T00:00:00+0060',
  '2024-1-1',
  '2024-01-01 ',
  '2024-00-01',
  '2024-01-00',
] as const;
export const durations = [
  '0ms',
  '1ms',
  '-1ms',
  '1d',
  '1d2h3m4s5ms',
  '36h',
  '-90m',
  '59s',
  '9223372036854775807ms',
  '-9223372036854775808ms',
] as const;
export const badDurations = [
  '',
  '-',
  '1',
  'd',
  '1h1d',
  '9223372036854775808ms',
  '106751991168d',
  '+1h',
  '1.5h',
] as const;

/** A text as Cedar writes it. */
export function quote(text: string): string {
  let quoted = '"';
  for (const character of text) {
    if (character === '"' || character === '\\') quoted += `\\${character}`;
    else if (character < ' ') quoted += `\\u{${character.charCodeAt(0).toString(16)}}`;
    else quoted += character;
  }
  return `${quoted}"`;
}

export function entityText(random: Random): string {
  return `${random.pick(entityTypes)}::${quote(random.pick(ids))}`;
}
