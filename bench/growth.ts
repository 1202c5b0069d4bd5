import { callMany, openInProcess } from './in-process.ts';
import type { Goal } from './report.ts';
import { measureInTurns, ratio, summarize } from './sample.ts';

const SHORT_CALLS = 1_000;
const LONG_CALLS = 100_000;
const LIMIT = 1.3;

/**
 * What a call costs in a run that is 1,000 calls long, and in one that is 100,000 calls long: two of Chaperone, each
 * with a store of its own, called in turns so that whatever else the machine does touches both.
 */
export async function measureGrowth(tell: (line: string) => void): Promise<{ rows: readonly object[]; goal: Goal }> {
  await using short = await openInProcess();
  await using long = await openInProcess();
  tell(`making ${LONG_CALLS} calls in one run`);
  await callMany(short, SHORT_CALLS, 128);
  await callMany(long, LONG_CALLS, 128);
  const all = await measureInTurns(
    [
      { name: `call in a run of ${SHORT_CALLS}`, call: () => short.call() },
      { name: `call in a run of ${LONG_CALLS}`, call: () => long.call() },
    ],
    { warmUpCalls: 0, callsPerRound: 25, minRounds: 40, durationMs: 0 },
  );
  const [ofShort, ofLong] = all;
  const measured = ofShort && ofLong ? ratio(ofLong, ofShort) : Number.NaN;
  const goal = `a call in a run of ${LONG_CALLS} against one of ${SHORT_CALLS}, at most ${LIMIT} times`;
  const rows = all.map((samples) => {
    const { name, samples: number, rounds, p50Ms, p95Ms, p99Ms } = summarize(samples);
    return { name, samples: number, rounds, p50Ms, p95Ms, p99Ms };
  });
  return { rows, goal: { goal, measured, reached: measured <= LIMIT } };
}
