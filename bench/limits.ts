import { callMany, type InProcess, openInProcess } from './in-process.ts';
import { describeMachine, type Report } from './report.ts';
import { added, measureInTurns, quantile, ratio, type Subject, summarize } from './sample.ts';

const METHOD =
  'One call after another in this process, on SQLite on disk: the same tool and agent, without any limit, with what a ' +
  'careful manifest has (calls and result bytes of the run, a rate of the tool), and with every scope there is. Blocks of ' +
  '50 calls in turns, each round beginning with another one; every call counts. The difference is the median over rounds. ' +
  'Then 128 in flight, in blocks of 1,280 calls in turns: the CPU time of all threads together, for a call.';

const PLENTY = 1_000_000_000;
const IN_FLIGHT = 128;
const BLOCK = 10 * IN_FLIGHT;
const BLOCKS = 12;

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
  const cpu = await measureCpu([none, usual, every]);
  const addedUs = medianOf(cpu.map(([a, b]) => (b ?? Number.NaN) - (a ?? Number.NaN)));
  return {
    bench: 'limits',
    machine: describeMachine(),
    method: METHOD,
    rows: [
      ...all.map(summarize),
      ...subjects.map(({ name }, i) => ({
        name: `${name}, ${IN_FLIGHT} in flight`,
        cpuUsPerCall: medianOf(cpu.map((round) => round[i] ?? Number.NaN)),
      })),
    ],
    ratios: {
      'budgets and a rate / no limits': ratio(some, without),
      'every scope / no limits': ratio(most, without),
      'every scope adds, ms': added(most, without),
    },
    goals: [
      {
        goal: 'budgets and a rate add at most 0.02 ms to a call, one at a time',
        measured: addedMs,
        reached: addedMs <= 0.02,
      },
      {
        goal: `budgets and a rate add at most 20 µs of CPU to a call, ${IN_FLIGHT} in flight`,
        measured: addedUs,
        reached: addedUs <= 20,
      },
    ],
    missing: [],
  };
}

/** µs of CPU a call, of each subject, by round. */
async function measureCpu(subjects: readonly InProcess[]): Promise<readonly (readonly number[])[]> {
  for (const subject of subjects) await callMany(subject, BLOCK, IN_FLIGHT);
  const rounds: number[][] = [];
  for (let round = 0; round < BLOCKS; round++) {
    const taken: number[] = [];
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + round) % subjects.length;
      const subject = subjects[index];
      if (!subject) continue;
      const before = process.cpuUsage();
      await callMany(subject, BLOCK, IN_FLIGHT);
      const { user, system } = process.cpuUsage(before);
      taken[index] = (user + system) / BLOCK;
    }
    rounds.push(taken);
  }
  return rounds;
}

const medianOf = (values: readonly number[]): number => quantile(values, 0.5);
