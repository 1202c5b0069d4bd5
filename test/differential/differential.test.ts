import { describe, expect, it } from 'vitest';
import { cedarLanguage } from '../../src/policy/cedar/compile-expression.ts';
import type { Operators } from '../../src/policy/cedar/operators.ts';
import type { Expression } from '../../src/policy/cedar/policy-json.ts';
import { type Batch, findMismatches, makeBatch, PAIRS_PER_BATCH } from './compare-with-cedar.ts';

const SEED = 20_260_101;
const PAIRS = 1_500;

describe('our evaluator against Cedar', () => {
  const batches = Array.from({ length: PAIRS / PAIRS_PER_BATCH }, (_, i) => makeBatch(SEED + i));

  it(`agrees on decision, determining and erroring policies over ${PAIRS} pairs`, () => {
    expect(batches.flatMap((batch) => findMismatches(batch))).toEqual([]);
  });

  it('agrees when Cedar itself serves every condition', () => {
    // A language without constructs: nothing compiles, so everything takes the slow path.
    const bare = { functions: {}, operators: {} as Operators };
    expect(batches.slice(0, 2).flatMap((batch) => findMismatches(batch, bare))).toEqual([]);
  });

  it('uses every operator and extension function', () => {
    const used = new Set(batches.flatMap(constructsOf));
    const known = [...Object.keys(cedarLanguage.operators), ...Object.keys(cedarLanguage.functions)];
    expect(known.filter((name) => !used.has(name))).toEqual([]);
  });

  it('sees policies that hold, that do not, and that fail', () => {
    const answers = batches.flatMap((batch) => batch.cases.map((one) => one.expected));
    const pairs = batches.length * PAIRS_PER_BATCH;
    const holding = answers.reduce((sum, answer) => sum + answer.determining.length, 0);
    const failing = answers.reduce((sum, answer) => sum + answer.erroring.length, 0);
    expect(holding).toBeGreaterThan(pairs * 0.1);
    expect(failing).toBeGreaterThan(pairs * 0.05);
    expect(holding + failing).toBeLessThan(pairs * 0.7);
    expect(answers.some((answer) => answer.decision === 'allow')).toBe(true);
  });
});

function constructsOf(batch: Batch): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, inner] of Object.entries(node as Expression)) {
      found.push(name);
      visit(inner);
    }
  };
  for (const policy of batch.policies) visit(policy.json.conditions);
  return found;
}
