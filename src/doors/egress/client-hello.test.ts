import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClientHello } from './client-hello.ts';

const number = (value: number, size: number) =>
  Array.from({ length: size }, (_, i) => (value >> (8 * (size - 1 - i))) & 255);
const prefixed = (bytes: readonly number[], size: number) => [...number(bytes.length, size), ...bytes];

/** A first message of TLS with these extensions, as one handshake message. */
function hello(extensions: readonly (readonly [number, readonly number[]])[]): number[] {
  const body = [
    ...number(0x0303, 2),
    ...Array<number>(32).fill(7),
    ...prefixed([], 1),
    ...prefixed(number(0x1301, 2), 2),
    ...prefixed([0], 1),
    ...prefixed(
      extensions.flatMap(([type, value]) => [...number(type, 2), ...prefixed(value, 2)]),
      2,
    ),
  ];
  return [1, ...prefixed(body, 3)];
}
const serverName = (name: string): readonly [number, number[]] => [
  0,
  prefixed([0, ...prefixed([...Buffer.from(name)], 2)], 2),
];
/** The message cut into records of at most so many bytes. */
function records(message: readonly number[], most = 16_384): Uint8Array {
  const all: number[] = [];
  for (let at = 0; at < message.length; at += most) all.push(22, 3, 1, ...prefixed(message.slice(at, at + most), 2));
  return Uint8Array.from(all);
}

describe('the first message of TLS', () => {
  it('shows its host, however it is cut', () => {
    const host = fc.stringMatching(/^[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,4}$/);
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 200 }), fc.nat(), (name, most, at) => {
        const bytes = records(hello([[43, [2, 3, 4]], serverName(name), [16, [0]]]), most);
        expect(readClientHello(bytes)).toEqual({ kind: 'hello', serverName: name, isEncrypted: false });
        expect(readClientHello(bytes.subarray(0, at % bytes.length))).toEqual({ kind: 'partial' });
      }),
    );
  });

  it('shows that it may hide another', () => {
    for (const type of [0xfe0d, 0xfe09])
      expect(readClientHello(records(hello([serverName('front.test'), [type, [0]]])))).toMatchObject({
        isEncrypted: true,
      });
    expect(readClientHello(records(hello([])))).toEqual({ kind: 'hello', isEncrypted: false });
  });

  it.each([
    ['two names', hello([serverName('a.test'), serverName('b.test')])],
    ['an empty name', hello([serverName('')])],
    ['a name with what no name has', hello([serverName('a.test\0b.test')])],
    ['a list of two names', hello([[0, prefixed([0, 0, 1, 97, 0, 0, 1, 98], 2)]])],
    ['a name of another kind', hello([[0, prefixed([1, 0, 1, 97], 2)]])],
    ['a length that is too long', hello([[0, [0, 9, 0, 0, 1, 97]]])],
    ['another message first', [2, ...hello([]).slice(1)]],
    ['a message that is too large', [1, 255, 255, 255]],
  ])('is nothing that can be read with %s', (_what, message) => {
    expect(readClientHello(records(message))).toEqual({ kind: 'other' });
  });

  it('is read to an end whatever the bytes are', () => {
    const message = records(hello([serverName('api.test'), [43, [2, 3, 4]]]));
    const flipped = fc
      .array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), { maxLength: 6 })
      .map((changes) => changes.reduce((bytes, [at, to]) => bytes.with(at, to), message));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), flipped), (bytes) => {
        expect(['hello', 'partial', 'other']).toContain(readClientHello(bytes).kind);
      }),
      { numRuns: 3_000 },
    );
  });
});
