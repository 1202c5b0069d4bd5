/**
 * The long run of the differential test: `node test/differential/soak.ts --pairs 100000 --seed 1`. Prints one JSON
 * object on one line; exits with 1 if our evaluator and Cedar disagree anywhere, 2 if the arguments are not understood.
 */
import { parseArgs } from 'node:util';
import { findMismatches, type Mismatch, makeBatch, PAIRS_PER_BATCH } from './compare-with-cedar.ts';

const MISMATCHES_SHOWN = 5;

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  console.error(`--${name} takes a whole number, not ${text}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const wanted = readCount('pairs', values.pairs);
const firstSeed = readCount('seed', values.seed);

const startedMs = performance.now();
const mismatches: Mismatch[] = [];
const answers = { permitted: 0, requests: 0, determining: 0, erroring: 0 };
let pairs = 0;
for (let i = 0; pairs < wanted; i++) {
  // Far apart, so that runs with neighbouring seeds share no batch.
  const batch = makeBatch(firstSeed * 1_000_003 + i);
  for (const { expected } of batch.cases) {
    answers.requests++;
    if (expected.decision === 'allow') answers.permitted++;
    answers.determining += expected.determining.length;
    answers.erroring += expected.erroring.length;
  }
  mismatches.push(...findMismatches(batch));
  pairs += PAIRS_PER_BATCH;
}
const elapsedMs = Math.round(performance.now() - startedMs);
const shown = mismatches.slice(0, MISMATCHES_SHOWN);
console.log(JSON.stringify({ pairs, seed: firstSeed, mismatches: mismatches.length, ...answers, elapsedMs, shown }));
process.exitCode = mismatches.length > 0 ? 1 : 0;
