import { expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import { limits } from '../base/limits.ts';
import { LoopBook } from './loop-book.ts';

const call = digestBytes('the same call');
const rules = { same: 3 };

it('forgets the longest unused runs once it holds more calls than it may, and none that goes on', () => {
  const book = new LoopBook();
  const runs = Math.ceil(limits.loopCallsHeld / limits.loopCalls) + 10;
  const work = (runId: string) => {
    for (let i = 0; i < limits.loopCalls + 5; i++) book.granted(runId, `${runId}-${i}`, call);
  };
  work('goes-on');
  for (let run = 0; run < runs; run++) {
    work(`run-${run}`);
    book.granted('goes-on', `again-${run}`, call);
  }
  const knows = (runId: string) => book.find(runId, call, rules) !== undefined;
  expect([knows('run-0'), knows(`run-${runs - 1}`), knows('goes-on')]).toEqual([false, true, true]);
});
