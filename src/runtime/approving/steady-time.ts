import type { Clock } from '../../base/clock.ts';

interface Seen {
  nowMs: number;
  monotonicMs: number;
}

const seen = new WeakMap<Clock, Seen>();

/**
 * The time that questions are asked, answered and expire by: the wall clock's, but never less than what has gone by
 * since it was read before. A clock that is set back gives nobody more time; one that is set forward denies early.
 */
export function steadyNowMs(clock: Clock): number {
  const monotonicMs = clock.monotonicMs();
  const before = seen.get(clock);
  const atLeastMs = before === undefined ? 0 : before.nowMs + (monotonicMs - before.monotonicMs);
  const nowMs = Math.max(clock.nowMs(), Math.floor(atLeastMs));
  seen.set(clock, { nowMs: Math.max(nowMs, atLeastMs), monotonicMs });
  return nowMs;
}
