import { describe, expect, it } from 'vitest';
import { newId, readIdMs, systemClock } from './clock.ts';

describe('newId', () => {
  it('says what it names, sorts by time, and never repeats', () => {
    let nowMs = 1_000;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const first = newId(clock, 'run');
    nowMs = 2_000;
    const second = newId(clock, 'run');
    expect(first).toMatch(/^run_[0-9a-z]{30}$/);
    expect(first < second).toBe(true);
    const many = new Set(Array.from({ length: 20_000 }, () => newId(systemClock, 'evt')));
    expect(many.size).toBe(20_000);
  });

  it('keeps all 96 bits of randomness', () => {
    const ids = [0x00, 0xff].map((byte) =>
      newId({ ...systemClock, nowMs: () => 0, randomBytes: (count) => new Uint8Array(count).fill(byte) }, 'x'),
    );
    expect(ids).toEqual(['x_000000000000000000000000000000', 'x_0000000000zzzzzzzzzzzzzzzzzzzg']);
  });
});

it('reads when an id was made, and nothing else', () => {
  for (const nowMs of [0, 1, 31, 32, 1_700_000_000_123, 2 ** 48]) {
    expect(readIdMs(newId({ ...systemClock, nowMs: () => nowMs }, 'call'))).toBe(nowMs);
  }
  for (const id of ['', 'call', 'call_1', `call_${'u'.repeat(30)}`, `call_${'0'.repeat(31)}`]) {
    expect(readIdMs(id)).toBeUndefined();
  }
});

describe('systemClock.randomBytes', () => {
  it('hands out each byte once, in any sizes', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2_000; i++) seen.add(Buffer.from(systemClock.randomBytes(16)).toString('hex'));
    expect(seen.size).toBe(2_000);
    expect(systemClock.randomBytes(5_000)).toHaveLength(5_000);
  });
});
