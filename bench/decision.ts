import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { systemClock } from '../src/base/clock.ts';
import { measureGrowth } from './growth.ts';
import { findPeer, HOW_TO_INSTALL } from './peers.ts';
import { makePolicyWork, type PolicyCase, type PolicyShape, type PolicyWork } from './policy-work.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { quantile, ratio, type Samples, summarize } from './sample.ts';

const SETS: readonly { readonly count: number; readonly shape: PolicyShape; readonly limitUs: number }[] = [
  { count: 20, shape: 'scoped', limitUs: 10 },
  { count: 1_000, shape: 'scoped', limitUs: 30 },
  { count: 1_000, shape: 'unscoped', limitUs: 30 },
];
const METHOD =
  'The same policies and the same 512 requests for everyone; before anything is timed, all engines must agree on every request. ' +
  'Each decision is timed by itself, in blocks in turns, after a warm-up. Ours and cedar-wasm get requests in their own form, ' +
  'ours converts the call inside the measured time; cedar-wasm has its policies parsed beforehand and only the relevant entities.';

/** Decides one prepared request. True: permitted. */
type Decide = (request: PolicyCase, index: number) => boolean;

/** p50 and p99 of one policy decision with 20 and with 1,000 policies, with scopes and without, and the cost of a call late in a long run. */
export async function measureDecision({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const rows: object[] = [];
  const ratios: Record<string, number> = {};
  const goals: Goal[] = [];
  const missing: string[] = [];
  for (const { count, shape, limitUs } of SETS) {
    const policies = shape === 'scoped' ? `${count} policies` : `${count} policies without a scope`;
    tell(`measuring decisions with ${policies}`);
    const work = makePolicyWork(count, shape);
    const engines = new Map<string, Decide>([
      ['chaperone', ({ request }) => work.kernel.decide(request).verdict === 'permit'],
      ['cedar-wasm', openCedarWasm(work)],
    ]);
    const peer = await openGovernanceSdk(work);
    if (peer) engines.set(peer.name, peer.decide);
    else if (count === SETS[0]?.count) missing.push(`@microsoft/agent-governance-sdk: ${HOW_TO_INSTALL}`);
    requireAgreement(engines, work);

    const all = measureEngines(engines, work, durationMs / (SETS.length + 1));
    for (const samples of all) {
      const { name, samples: number, rounds, p50Ms, p95Ms, p99Ms } = summarize(samples);
      rows.push({ name, policies: count, shape, samples: number, rounds, p50Ms, p95Ms, p99Ms });
    }
    const [ours, ...others] = all;
    for (const other of ours ? others : [])
      if (ours) ratios[`chaperone / ${other.name}, ${policies}`] = ratio(ours, other);
    const p50Us = quantile(ours?.valuesMs ?? [], 0.5) * 1_000;
    goals.push({
      goal: `p50 with ${policies}, µs, at most ${limitUs}`,
      measured: p50Us,
      reached: p50Us <= limitUs,
    });
  }
  const growth = await measureGrowth(tell);
  rows.push(...growth.rows);
  goals.push(growth.goal);
  return { bench: 'decision', machine: describeMachine(), method: METHOD, rows, ratios, goals, missing };
}

/** Blocks of decisions of each engine in turns; each decision is one sample. */
function measureEngines(
  engines: ReadonlyMap<string, Decide>,
  work: PolicyWork,
  durationMs: number,
): readonly Samples[] {
  const subjects = [...engines].map(([name, decide]) => ({
    name,
    decide,
    valuesMs: [] as number[],
    roundMediansMs: [] as number[],
  }));
  const runBlock = (decide: Decide): number[] =>
    work.cases.map((request, index) => {
      const startMs = systemClock.monotonicMs();
      decide(request, index);
      return systemClock.monotonicMs() - startMs;
    });
  for (const { decide } of subjects) for (let i = 0; i < 10; i++) runBlock(decide);
  const endMs = systemClock.monotonicMs() + durationMs;
  for (let round = 0; round < 10 || systemClock.monotonicMs() < endMs; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + round) % subjects.length];
      if (!subject) continue;
      const block = runBlock(subject.decide);
      subject.valuesMs.push(...block);
      subject.roundMediansMs.push(quantile(block, 0.5));
    }
  }
  return subjects;
}

function requireAgreement(engines: ReadonlyMap<string, Decide>, work: PolicyWork): void {
  for (const [index, request] of work.cases.entries()) {
    for (const [name, decide] of engines) {
      if (decide(request, index) !== request.permitted) {
        throw new Error(
          `${name} does not answer case ${index} as it should (${request.permitted ? 'permit' : 'deny'})`,
        );
      }
    }
  }
}

function openCedarWasm(work: PolicyWork): Decide {
  const id = `bench-${work.shape}-${work.count}`;
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: work.cedarText });
  if (parsed.type === 'failure')
    throw new Error(`cedar-wasm: ${parsed.errors.map(({ message }) => message).join('; ')}`);
  return (_, index) => {
    const answer = cedar.statefulIsAuthorized({ ...work.cedarCall(index), preparsedPolicySetId: id });
    if (answer.type === 'failure')
      throw new Error(`cedar-wasm: ${answer.errors.map(({ message }) => message).join('; ')}`);
    return answer.response.decision === 'allow';
  };
}

/** What is used of the peer. */
interface GovernanceSdk {
  PolicyEngine: new () => {
    loadPolicy(policy: object): void;
    evaluatePolicy(agent: string, context: Record<string, unknown>): { allowed: boolean };
  };
}

async function openGovernanceSdk(work: PolicyWork): Promise<{ name: string; decide: Decide } | undefined> {
  const peer = findPeer('@microsoft/agent-governance-sdk');
  if (!peer) return undefined;
  const module: { default?: GovernanceSdk } & GovernanceSdk = await import(peer.entry);
  const { PolicyEngine } = module.default ?? module;
  const engine = new PolicyEngine();
  engine.loadPolicy(work.governancePolicy);
  return {
    name: `agent-governance-sdk@${peer.version}`,
    decide: ({ agent, context }) => engine.evaluatePolicy(agent, context).allowed,
  };
}
