import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseEvent, SseReader } from './sse.ts';

function readAll(chunks: readonly string[], maxChars = 1_000): { events: SseEvent[]; retries: number[] } {
  const events: SseEvent[] = [];
  const retries: number[] = [];
  const reader = new SseReader(
    maxChars,
    (event) => events.push(event),
    (retryMs) => retries.push(retryMs),
  );
  for (const chunk of chunks) reader.push(chunk);
  return { events, retries };
}

describe('SseReader', () => {
  it.each([
    ['data: a\n\n', [{ event: 'message', data: 'a' }]],
    ['event: x\ndata: a\ndata: b\n\n', [{ event: 'x', data: 'a\nb' }]],
    [': comment\n\ndata:a\n\n', [{ event: 'message', data: 'a' }]],
    [
      'id: 7\ndata: a\n\ndata: b\n\n',
      [
        { event: 'message', data: 'a', id: '7' },
        { event: 'message', data: 'b', id: '7' },
      ],
    ],
    ['data: a', []],
    ['data\n\n', [{ event: 'message', data: '' }]],
  ])('reads %j', (text, expected) => {
    expect(readAll([text]).events).toEqual(expected);
  });

  it('reads the delay a server asks for', () => {
    expect(readAll(['retry: 500\nretry: soon\n\n']).retries).toEqual([500]);
  });

  it('reads the same whatever the line breaks and wherever the chunks are cut', () => {
    const text = 'event: message\nid: 1\ndata: {"a":\ndata: 1}\n\n: ping\n\ndata: last\n\n';
    const expected = readAll([text]).events;
    const breaks = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(breaks, fc.array(fc.nat(100), { maxLength: 8 }), (lineBreak, cuts) => {
        const whole = text.replaceAll('\n', lineBreak);
        const at = [0, ...[...new Set(cuts.filter((cut) => cut < whole.length))].sort((a, b) => a - b), whole.length];
        // A lone carriage return at the very end waits for what may follow it.
        const chunks = [...at.slice(1).map((end, i) => whole.slice(at[i], end)), ': end\n'];
        expect(readAll(chunks).events).toEqual(expected);
      }),
    );
  });

  it('stops at an event over the limit', () => {
    expect(() => readAll([`data: ${'x'.repeat(2_000)}`])).toThrow(RangeError);
    expect(() => readAll(Array.from({ length: 20 }, () => `data: ${'x'.repeat(100)}\n`))).toThrow(RangeError);
  });
});
