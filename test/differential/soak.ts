/**
 * The long run of the differential test: `node test/differential/soak.ts --pairs 100000 --seed 1`. Prints one JSON
 * object on one line; exits with 1 if our evaluator and Cedar disagree anywhere, 2 if the arguments are not understood.
 */
import { parseArgs } from 'node:util';
import { findMismatches, type Mismatch, makeBatch, PAIRS_PER_BATCH } from './compare-with-cedar.ts';

const MISMATCHES_SHOWN = 5;

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function readOptions(): { pairs: string; seed: string } {
  try {
    const pairs = { type: 'string', default: '100000' } as const;
    return parseArgs({ options: { pairs, seed: { type: 'string', default: '1' } } }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 0 ? count : refuse(`--${name} takes a whole number, not ${text}`);
}

const options = readOptions();
const wanted = readCount('pairs', options.pairs);
const firstSeed = readCount('seed', options.seed);

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
