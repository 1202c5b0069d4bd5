import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newMemoryState } from '../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { Fault } from '../../src/base/fault.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { recover } from '../../src/runtime/recover.ts';
import { Seeded, yieldSome } from '../simulation/seeded.ts';
import { lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 1: no effect without a durable intent; no result returned without a recorded outcome; at most one execution per
 * intent; `unknown` is never executed again by itself. Held for concurrent calls in arbitrary interleavings, with the
 * store failing before or after it has written, tools that throw, hang and lie, and a crash at an arbitrary commit.
 * Assumes that the store keeps what it acknowledged, which the store's own conformance suite and kill loop show.
 */

const RUNS = { numRuns: 400, seed: 11 };
const HANG_MS = 8;

const behaviour = fc.constantFrom(
  'answers',
  'answers with an error',
  'throws before its effect',
  'throws after its effect',
  'rejects before its effect',
  'hangs before its effect',
  'hangs after its effect',
  'says it did not run',
  'says nobody knows',
);
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

const scenarios = fc.record({
  seed: fc.nat(),
  calls: fc.array(
    fc.record({
      tool: fc.constantFrom('law/read', 'law/read', 'law/write', 'law/forbidden', 'law/none'),
      /** Calls with the same arguments share an approval. */
      note: fc.nat(2),
      behaviour,
      approve: fc.boolean(),
      named: fc.boolean(),
      cancel: fc.option(fc.nat(6), { nil: undefined, freq: 4 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  /** What becomes of each commit in turn; those after the last are well. */
  commits: fc.array(
    fc.constantFrom('well', 'well', 'well', 'well', 'fails before it is written', 'fails after it was written'),
    { maxLength: 40 },
  ),
  /** The process dies at this commit: it is written or not, and nothing after it is. */
  crash: fc.option(fc.record({ at: fc.nat(50), written: fc.boolean() }), { nil: undefined }),
});
type Scenario = typeof scenarios extends fc.Arbitrary<infer T> ? T : never;

const tools = ['read', 'write', 'forbidden'].map((name) => lawTool(name, { note: { type: 'integer' } }));
const catalog = lawCatalog({
  tools,
  manifest: {
    version: 1,
    tools: { 'law/read': { timeout: `${HANG_MS}ms` }, 'law/write': { timeout: `${HANG_MS}ms` } },
    agents: { a: { tools: { 'law/read': {}, 'law/write': { approval: 'required' } }, deny: ['law/forbidden'] } },
  },
});
const principal = { tenant: 'default', agent: 'a' };

interface Effect {
  readonly callId: string;
  readonly tool: string;
  readonly intentWasDurable: boolean;
}

/** An answer, and what was recorded of its call when it was given. */
interface Answered {
  readonly answer: CallAnswer;
  readonly recorded: readonly StoredEvent[];
}

interface Life {
  readonly effects: readonly Effect[];
  /** Only what was answered before the crash: afterwards there is nobody to answer. */
  readonly answers: readonly Answered[];
}

/** @param neighbour the same store, as another process has it open. */
async function live(scenario: Scenario, truth: Store, neighbour: Store): Promise<Life> {
  const seeded = new Seeded(scenario.seed);
  const effects: Effect[] = [];
  const answers: Answered[] = [];
  const behaviours = new Map<number, Behaviour>();
  let failing = false; // nothing fails before there is a run
  let commits = 0;
  let crashed = false;

  const wrap = (inner: Store): Store => ({
    ...inner,
    async commit(changes) {
      if (!failing) return inner.commit(changes);
      await yieldSome(seeded);
      const at = commits++;
      if (crashed) throw new Fault('E_STORE', 'the process is dead');
      if (scenario.crash?.at === at) {
        crashed = true;
        if (scenario.crash.written) await inner.commit(changes);
        throw new Fault('E_STORE', 'the process is dead');
      }
      const fate = scenario.commits[at] ?? 'well';
      if (fate === 'fails before it is written') throw new Fault('E_STORE', fate);
      const result = await inner.commit(changes);
      await yieldSome(seeded);
      if (fate === 'fails after it was written') throw new Fault('E_STORE', fate);
      return result;
    },
  });

  const execute = async (intent: Intent): Promise<Execution> => {
    const what = behaviours.get(Number(intent.call.arguments['note'])) ?? 'answers';
    const effect = async () => {
      const events = await truth.readEvents({ tenant: 'default', callId: intent.call.id, limit: 10 });
      effects.push({
        callId: intent.call.id,
        tool: intent.call.tool,
        intentWasDurable: isOpen(events) && events.some(({ seq }) => seq === intent.recordedAs),
      });
    };
    await yieldSome(seeded);
    if (what === 'throws before its effect') throw new Error('thrown');
    if (what === 'rejects before its effect') return Promise.reject('not even an error');
    if (what === 'hangs before its effect') return new Promise(() => {});
    if (what === 'says it did not run') {
      return { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'not reached' };
    }
    await effect();
    await yieldSome(seeded);
    if (what === 'throws after its effect') throw new Error('thrown');
    if (what === 'hangs after its effect') return new Promise(() => {});
    if (what === 'says nobody knows') return { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'lost' };
    return { ok: true, result: { content: [{ type: 'text', text: 'done' }], isError: what !== 'answers' } };
  };

  const { world } = await openLawWorld({ catalog, call: execute, wrap, truth, seed: scenario.seed });
  const run = await world.runs.start({ principal, task: 'law', prompt: [], attested: false });
  const runId = run.id;
  failing = true;

  const ask = async (request: Parameters<typeof call>[1]): Promise<CallAnswer> => {
    const answer = await call(world, request);
    if (!crashed) {
      const recorded = await truth.readEvents({ tenant: 'default', callId: answer.callId, limit: 20 });
      answers.push({ answer, recorded });
    }
    return answer;
  };

  const neighbours = await openLawWorld({ catalog, truth: neighbour, call: async () => never(), seed: scenario.seed });
  const watch = pauseFor(seeded, seeded.below(30)).then(() => recover(neighbours.world));
  await Promise.all(
    scenario.calls.map(async ({ tool, note, behaviour: what, approve, named, cancel }) => {
      for (let pause = seeded.below(10); pause > 0; pause--) await yieldSome(seeded);
      behaviours.set(note, what);
      const abort = new AbortController();
      if (cancel !== undefined) void pauseFor(seeded, cancel).then(() => abort.abort());
      const request = { principal, runId, tool, arguments: { note }, signal: abort.signal };
      const first = await ask(request);
      if (first.kind !== 'refused' || first.approvalId === undefined) return;
      await answerApproval(world, {
        tenant: 'default',
        approvalId: first.approvalId,
        approve,
        by: 'p',
        presence: 'terminal',
      }).catch(() => {});
      await ask(named ? { ...request, approvalId: first.approvalId } : request);
    }),
  );
  expect(await watch, 'another process closed an intent that was under way').toBe(0);
  // The end of the process, crashed or not: what it left open nobody of it will close.
  await truth.close();
  return { effects, answers };
}

function never(): never {
  throw new Error('this process runs nothing');
}

async function pauseFor(seeded: Seeded, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await yieldSome(seeded);
}

/** Whether a call, by its events, has an intent and no outcome yet. */
function isOpen(events: readonly StoredEvent[]): boolean {
  const kinds = kindsOf(events);
  return kinds.includes('call.intended') && !kinds.includes('call.completed');
}

const kindsOf = (events: readonly StoredEvent[]) => events.map(({ kind }) => kind);
const ranOf = (events: readonly StoredEvent[]) => events.find(({ kind }) => kind === 'call.completed')?.body['ran'];

const readAll = (truth: Store) => truth.readEvents({ tenant: 'default', limit: 1_000 });

describe('law 1: no effect without a durable intent, no result without a recorded outcome', () => {
  it('holds wherever the store fails, the tool breaks or the process dies', async () => {
    const seen = { results: 0, effects: 0, unknown: 0, recovered: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const kept = newMemoryState();
        const { effects, answers } = await live(scenario, openMemoryStore(kept), openMemoryStore(kept));
        const truth = openMemoryStore(kept);

        const executions = new Map<string, number>();
        for (const { callId, tool, intentWasDurable } of effects) {
          expect(intentWasDurable, `${callId} had an effect without a durable intent`).toBe(true);
          expect(tool).not.toBe('law/forbidden');
          executions.set(callId, (executions.get(callId) ?? 0) + 1);
        }
        for (const [callId, times] of executions) expect(times, `${callId} ran ${times} times`).toBe(1);

        for (const { answer, recorded } of answers) {
          if (answer.kind === 'result') {
            seen.results += 1;
            expect(kindsOf(recorded)).toEqual(['call.intended', 'call.completed']);
            expect(ranOf(recorded)).toBe('yes');
            expect(executions.get(answer.callId)).toBe(1);
            continue;
          }
          seen.refused += 1;
          if (answer.ran === 'unknown') seen.unknown += 1;
          if (answer.ran === 'no') expect(executions.has(answer.callId), 'said not to have run, and did').toBe(false);
          if (answer.code !== 'E_STORE') {
            expect(recorded.length, `an acknowledged refusal (${answer.code}) is not in the record`).toBeGreaterThan(0);
            expect(isOpen(recorded)).toBe(false);
          }
        }

        // What the dead process left behind is closed as unknown, and only closed.
        const before = effects.length;
        const left = (await readAll(truth)).filter(({ kind }) => kind === 'call.intended');
        const open: string[] = [];
        for (const { callId = '' } of left) {
          if (isOpen(await truth.readEvents({ tenant: 'default', callId, limit: 20 }))) open.push(callId);
        }
        const { world } = await openLawWorld({
          catalog,
          truth,
          seed: scenario.seed + 1,
          call: async (intent) => {
            expect(executions.has(intent.call.id), 'an intent of an earlier life was executed again').toBe(false);
            return { ok: true, result: { content: [] } };
          },
        });
        expect(await recover(world)).toBe(open.length);
        seen.recovered += open.length;
        expect(await recover(world)).toBe(0);
        expect(effects.length).toBe(before);

        const events = await readAll(truth);
        for (const intended of events.filter(({ kind }) => kind === 'call.intended')) {
          const own = events.filter(({ callId }) => callId === intended.callId);
          expect(kindsOf(own).filter((kind) => kind === 'call.intended')).toHaveLength(1);
          expect(kindsOf(own).filter((kind) => kind === 'call.completed')).toHaveLength(1);
          const ran = ranOf(own);
          if (ran === 'yes') expect(executions.get(intended.callId ?? '')).toBe(1);
          if (ran === 'no') expect(executions.has(intended.callId ?? '')).toBe(false);
          if (open.includes(intended.callId ?? '')) expect(ran).toBe('unknown');
        }
        seen.effects += before;
      }),
      RUNS,
    );
    // A law under which nothing happens is not held, it is empty.
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20);
  });

  it('is a call of its own when somebody asks again for what nobody knows', async () => {
    const effects: string[] = [];
    const { world } = await openLawWorld({
      catalog,
      call: async (intent) => {
        effects.push(intent.call.id);
        throw new Error('lost');
      },
    });
    const run = await world.runs.start({ principal, task: 'law', prompt: [], attested: false });
    const request = { principal, runId: run.id, tool: 'law/read', arguments: { note: 1 } };
    const first = await call(world, request);
    const second = await call(world, request);
    expect([first, second]).toMatchObject([{ ran: 'unknown' }, { ran: 'unknown' }]);
    expect(new Set(effects)).toEqual(new Set([first.callId, second.callId]));
    expect(effects).toHaveLength(2);
  });
});
