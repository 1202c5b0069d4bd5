import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSocksGreeting, readSocksLogin, readSocksRequest, socksReply } from './read-socks.ts';

const text = (value: string) => [...Buffer.from(value)];
const bytes = (...values: readonly (number | readonly number[])[]) => Uint8Array.from(values.flat());

describe('what a SOCKS client says', () => {
  it('is read whole, and not before it is there', () => {
    const request = bytes(5, 1, 0, 3, 8, text('api.test'), 0x01, 0xbb);
    expect(readSocksRequest(request)).toEqual({ kind: 'read', value: { host: 'api.test', port: 443 }, bytes: 15 });
    for (let length = 0; length < request.length; length++)
      expect(readSocksRequest(request.subarray(0, length))).toEqual({ kind: 'partial' });
    expect(readSocksLogin(bytes(1, 1, text('u'), 2, text('pw'), 9))).toEqual({
      kind: 'read',
      value: { user: 'u', password: 'pw' },
      bytes: 6,
    });
    expect(readSocksGreeting(bytes(5, 2, 0, 2))).toEqual({ kind: 'read', value: [0, 2], bytes: 4 });
  });

  it('names addresses as they are written', () => {
    expect(readSocksRequest(bytes(5, 1, 0, 1, 127, 0, 0, 1, 0, 80))).toMatchObject({
      value: { host: '127.0.0.1', port: 80 },
    });
    const mapped = [...Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1];
    expect(readSocksRequest(bytes(5, 1, 0, 4, mapped, 0, 80))).toMatchObject({
      value: { host: '[0:0:0:0:0:ffff:7f00:1]' },
    });
  });

  it('is refused for anything but a connection', () => {
    expect(readSocksRequest(bytes(5, 2, 0, 1))).toEqual({ kind: 'wrong', reply: socksReply.noSuchCommand });
    expect(readSocksRequest(bytes(5, 3, 0, 1))).toEqual({ kind: 'wrong', reply: socksReply.noSuchCommand });
    expect(readSocksRequest(bytes(5, 1, 0, 2))).toEqual({ kind: 'wrong', reply: socksReply.noSuchAddressType });
    expect(readSocksGreeting(bytes(4, 1))).toEqual({ kind: 'wrong', reply: socksReply.failed });
  });

  it('is read to an end whatever the bytes are, and never past them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        for (const read of [readSocksGreeting, readSocksLogin, readSocksRequest]) {
          const message = read(data);
          if (message.kind === 'read') expect(message.bytes).toBeLessThanOrEqual(data.length);
          else expect(['partial', 'wrong']).toContain(message.kind);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
