import { scoreAdapter } from './agentdojo.ts';
import { hasEvaluationData } from './evaluation-data.ts';
import { type Counts, replaySuite } from './replay-suite.ts';
import { describeMachine, type Report } from './report.ts';
import { strictGuards } from './strict-guards.mjs';
import { suites } from './suites.ts';

const METHOD =
  'Benign tasks, replayed through the SDK with nothing declared and asks refused: as they are, and with loops denied and ' +
  'breakers that open soon and end the run (bench/strict-guards.mjs). What the guards cost honest work is the difference.';

/** What loops and breakers do to honest work. */
export async function measureGuards({ tell }: { tell: (line: string) => void }): Promise<Report> {
  const rows: Report['rows'][number][] = [];
  const add = (suite: string, guards: boolean, done: number, tasks: number, asks: number) =>
    rows.push({
      suite,
      guards: guards ? 'strict' : 'none told',
      'benign utility': done / tasks,
      'asks a task': asks / tasks,
    });
  let lost = 0;
  for (const suite of suites) {
    const how = { attest: true, benign: true, tell };
    const without: Counts = await replaySuite(suite, 'deny', how);
    const strict: Counts = await replaySuite(suite, 'deny', { ...how, manifest: strictGuards });
    add(suite.name, false, without.done, without.tasks, without.asks);
    add(suite.name, true, strict.done, strict.tasks, strict.asks);
    lost += without.done - strict.done;
  }
  if (hasEvaluationData()) {
    const without = await scoreAdapter('deny', ['replay-adapter.mjs']);
    const strict = await scoreAdapter('deny', ['replay-adapter-guards.mjs']);
    for (const [name, { ben, nb, askBen }] of Object.entries(without.suites)) {
      const other = strict.suites[name];
      add(name, false, ben, nb, askBen);
      add(name, true, other?.ben ?? 0, other?.nb ?? 0, other?.askBen ?? 0);
      lost += ben - (other?.ben ?? 0);
    }
  }
  return {
    bench: 'guards',
    machine: describeMachine(),
    method: METHOD,
    rows,
    ratios: {},
    goals: [
      { goal: 'benign tasks that strict guards keep from being done, at most 0', measured: lost, reached: lost <= 0 },
    ],
    missing: ['agents that poll: none of these tasks waits for anything'],
  };
}
