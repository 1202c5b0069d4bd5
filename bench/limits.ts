import { openInProcess } from './in-process.ts';
import { describeMachine, type Report } from './report.ts';
import { added, measureInTurns, ratio, type Subject, summarize } from './sample.ts';

const METHOD =
  'One call after another in this process, on SQLite on disk: the same tool and agent, without any limit, with what a ' +
  'careful manifest has (calls and result bytes of the run, a rate of the tool), and with every scope there is. Blocks of ' +
  '50 calls in turns, each round beginning with another one; every call counts. The difference is the median over rounds.';

const PLENTY = 1_000_000_000;

/** What budgets and rates add to a call. */
export async function measureLimits({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const rate = { rate: '100000000/day' };
  const run = { calls: PLENTY, resultBytes: '900000GB' };
  const within = { calls: PLENTY, tokens: PLENTY, spend: '1000000 USD' };
  await using none = await openInProcess();
  await using usual = await openInProcess({ tool: rate, agent: { budget: run } });
  await using every = await openInProcess({
    tool: rate,
    agent: { budget: { ...run, tokens: PLENTY, spend: '1000000 USD', allRuns: within } },
    budgets: { agent: within, tenant: within },
  });
  const subjects: readonly Subject[] = [
    { name: 'no limits', call: () => none.call() },
    { name: 'budgets and a rate', call: () => usual.call() },
    { name: 'every scope', call: () => every.call() },
  ];
  tell(`measuring for ${Math.round(durationMs / 1_000)} s`);
  const all = await measureInTurns(subjects, { warmUpCalls: 2_000, callsPerRound: 50, minRounds: 7, durationMs });
  const [without, some, most] = all;
  if (!without || !some || !most) throw new Error('nothing was measured');
  const addedMs = added(some, without);
  return {
    bench: 'limits',
    machine: describeMachine(),
    method: METHOD,
    rows: all.map(summarize),
    ratios: {
      'budgets and a rate / no limits': ratio(some, without),
      'every scope / no limits': ratio(most, without),
      'every scope adds, ms': added(most, without),
    },
    goals: [{ goal: 'budgets and a rate add at most 0.02 ms to a call', measured: addedMs, reached: addedMs <= 0.02 }],
    missing: [],
  };
}
