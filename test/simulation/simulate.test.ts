import { describe, expect, it } from 'vitest';
import { simulate } from './simulate.ts';

const FIRST_SEED = 1;
const SEEDS = 150;

describe('simulation: every port fails at every step', () => {
  it(`holds laws 1 and 9 for ${SEEDS} seeds`, async () => {
    let results = 0;
    let effects = 0;
    let lost = 0;
    const codes = new Set<string>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const report = await simulate(seed);
      expect(report.violations, `seed ${seed}`).toEqual([]);
      results += report.answers.filter((answer) => answer.kind === 'result').length;
      effects += report.effects.length;
      for (const answer of report.answers) if (answer.kind === 'refused') codes.add(answer.code);
      lost += report.answers.filter((answer) => answer.kind === 'refused' && answer.ran === 'unknown').length;
    }
    // A simulation in which nothing happens proves nothing.
    expect(results).toBeGreaterThan(SEEDS * 5);
    expect(effects).toBeGreaterThan(results);
    expect(lost).toBeGreaterThan(0);
    expect([...codes]).toEqual(expect.arrayContaining(['E_BUDGET', 'E_RATE']));
  });

  it('is the same world for the same seed', async () => {
    expect(JSON.stringify(await simulate(7))).toBe(JSON.stringify(await simulate(7)));
  });
});
