import { systemClock } from '../src/base/clock.ts';

/** Latencies of one subject, ms, in the order they were measured. */
export interface Samples {
  readonly name: string;
  readonly valuesMs: number[];
  /** The median of each round: what ratios between subjects are taken from, since rounds share the machine's mood. */
  readonly roundMediansMs: number[];
}

/** What is reported of one subject. All in ms. */
export interface Row {
  readonly name: string;
  readonly samples: number;
  readonly rounds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly meanMs: number;
}

/** Something whose calls are timed one after another. */
export interface Subject {
  readonly name: string;
  call(): Promise<unknown>;
}

export interface RoundOptions {
  readonly warmUpCalls: number;
  readonly callsPerRound: number;
  readonly minRounds: number;
  /** Rounds go on until this much time has passed. */
  readonly durationMs: number;
}

/**
 * Times subjects in turns: a round is a block of calls of each, and each round starts with another subject, so that
 * none always follows the same one. Calls of a subject are sequential: the next starts when the last has answered.
 */
export async function measureInTurns(subjects: readonly Subject[], options: RoundOptions): Promise<readonly Samples[]> {
  const all = subjects.map(({ name }): Samples => ({ name, valuesMs: [], roundMediansMs: [] }));
  for (const subject of subjects) for (let i = 0; i < options.warmUpCalls; i++) await subject.call();
  const endMs = systemClock.monotonicMs() + options.durationMs;
  for (let round = 0; round < options.minRounds || systemClock.monotonicMs() < endMs; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + round) % subjects.length;
      const subject = subjects[index];
      const samples = all[index];
      if (!subject || !samples) continue;
      const valuesMs: number[] = [];
      for (let i = 0; i < options.callsPerRound; i++) {
        const startMs = systemClock.monotonicMs();
        await subject.call();
        valuesMs.push(systemClock.monotonicMs() - startMs);
      }
      samples.valuesMs.push(...valuesMs);
      samples.roundMediansMs.push(quantile(valuesMs, 0.5));
    }
  }
  return all;
}

/** No value is left out: slow calls are calls. */
export function summarize({ name, valuesMs, roundMediansMs }: Samples): Row {
  return {
    name,
    samples: valuesMs.length,
    rounds: roundMediansMs.length,
    p50Ms: quantile(valuesMs, 0.5),
    p95Ms: quantile(valuesMs, 0.95),
    p99Ms: quantile(valuesMs, 0.99),
    meanMs: valuesMs.reduce((sum, value) => sum + value, 0) / valuesMs.length,
  };
}

/** The median, over the rounds, of how many times longer `a` took than `b` in the same round. */
export function ratio(a: Samples, b: Samples): number {
  return quantile(
    a.roundMediansMs.map((value, round) => value / (b.roundMediansMs[round] ?? Number.NaN)),
    0.5,
  );
}

/** The median, over the rounds, of how many ms more `a` took than `b` in the same round. */
export function added(a: Samples, b: Samples): number {
  return quantile(
    a.roundMediansMs.map((value, round) => value - (b.roundMediansMs[round] ?? Number.NaN)),
    0.5,
  );
}

/** The value below which the share `q` of the values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
