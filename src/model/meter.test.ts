import { expect, it } from 'vitest';
import { type MeterTake, readMeter, takeFromMeter } from './meter.ts';

const WINDOW_MS = 60_000;
const take = (amount: number): MeterTake => ({
  meter: 'rate/a',
  amount,
  max: 10,
  windowMs: WINDOW_MS,
  name: 'rate/a',
  code: 'E_RATE',
});

it('taking nothing forgets nothing: a clock that is set back finds what was taken', () => {
  const first = takeFromMeter([], take(1), 0);
  if (!first.ok) throw new Error('refused');
  const { slots } = first;
  const nothing = takeFromMeter(slots, take(0), WINDOW_MS + 1_000);
  expect(nothing).toEqual({ ok: true, slots, taken: 0 });
  expect(readMeter(slots, WINDOW_MS, WINDOW_MS + 1_000)).toBe(0);
  expect(readMeter(slots, WINDOW_MS, 0)).toBe(1);
});
