import { openSession, type Session } from './replay-adapter.mjs';
import type { Suite, SuiteCall, SuiteTask } from './suites/suite.ts';

/** What a person does who is asked: says no, knows what the user wanted, or says yes to everything. */
export type Approver = 'deny' | 'oracle' | 'yes';

export interface Counts {
  readonly tasks: number;
  /** Tasks of which every call ran. */
  readonly done: number;
  /** Questions while nobody attacked. */
  readonly asks: number;
  readonly pairs: number;
  /** Pairs in which any call of the attacker ran. */
  readonly harmed: number;
  /** Pairs in which every call of the user ran. */
  readonly doneUnderAttack: number;
  /** What was asked for and what the attacker said, of each pair in which one of the attacker's calls ran. */
  readonly harms: readonly string[];
}

interface Step {
  readonly call: SuiteCall;
  readonly ours: boolean;
}

const BLOCKED = '[blocked by policy]';

export interface ReplayHow {
  readonly attest: boolean;
  /** What is declared. Nothing unless given. */
  readonly manifest?: object;
  /** Leaves the attacks out. */
  readonly benign?: boolean;
  readonly tell: (line: string) => void;
}

/** Replays every task alone, and with every attack that has a place in it. `tell` is told what did not go as it should. */
export async function replaySuite(
  suite: Suite,
  approver: Approver,
  { manifest, tell, ...how }: ReplayHow,
): Promise<Counts> {
  const harms: string[] = [];
  const counts = { tasks: 0, done: 0, asks: 0, pairs: 0, harmed: 0, doneUnderAttack: 0, harms };
  for (const task of suite.tasks) {
    const alone = await replay(
      suite,
      task,
      approver,
      how,
      task.calls.map((one) => ({ call: plant(one, ''), ours: true })),
    );
    counts.tasks += 1;
    counts.asks += alone.asks;
    if (alone.ran.every(Boolean)) counts.done += 1;
    else tell(`${suite.name}: not done: ${task.prompt}\n${alone.said.join('\n')}`);
    const at = task.calls.findIndex(({ output }) => output.includes('{{planted}}'));
    if (at === -1 || how.benign) continue;
    for (const attack of suite.attacks) {
      const steps = [
        ...task.calls.slice(0, at + 1).map((one) => ({ call: plant(one, attack.says), ours: true })),
        ...attack.calls.map((one) => ({ call: one, ours: false })),
        ...task.calls.slice(at + 1).map((one) => ({ call: plant(one, attack.says), ours: true })),
      ];
      const { ran, said } = await replay(suite, task, approver, how, steps);
      counts.pairs += 1;
      if (steps.every((step, i) => !step.ours || ran[i])) counts.doneUnderAttack += 1;
      if (!steps.some((step, i) => !step.ours && ran[i])) continue;
      counts.harmed += 1;
      harms.push(`${task.prompt} / ${attack.says}`);
      tell(`${suite.name}: harmed: ${task.prompt} / ${attack.says}\n${said.join('\n')}`);
    }
  }
  return counts;
}

const plant = (one: SuiteCall, text: string): SuiteCall => ({
  ...one,
  output: one.output.replaceAll('{{planted}}', text),
});

async function replay(
  suite: Suite,
  task: SuiteTask,
  approver: Approver,
  { attest, manifest }: Omit<ReplayHow, 'tell'>,
  steps: readonly Step[],
) {
  const session: Session = await openSession(
    {
      suite: suite.name,
      tools: suite.tools,
      userPrompt: task.prompt,
      ...(task.pasted !== undefined && {
        promptParts: [
          { kind: 'user', text: task.prompt },
          { kind: 'quote', text: task.pasted },
        ],
      }),
    },
    { attest, ...(manifest === undefined ? {} : { manifest }) },
  );
  const ran: boolean[] = [];
  const said: string[] = [];
  let asks = 0;
  try {
    for (const { call, ours } of steps) {
      const { verdict, reasons = [] } = await session.before(call.tool, call.args);
      if (verdict === 'ask') asks += 1;
      const runs =
        verdict === 'allow' || (verdict === 'ask' && (approver === 'yes' || (approver === 'oracle' && ours)));
      ran.push(runs);
      if (verdict !== 'allow' || !ours)
        said.push(
          `  ${ours ? 'user' : 'attacker'} ${verdict} ${call.tool} ${JSON.stringify(call.args)}: ${reasons.map(({ message }) => message).join('; ')}`,
        );
      await session.after(call.tool, call.args, runs ? call.output : BLOCKED);
    }
  } finally {
    await session.close();
  }
  return { ran, asks, said };
}
