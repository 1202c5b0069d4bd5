import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { systemClock } from '../src/base/clock.ts';
import { digestBytes } from '../src/base/digest.ts';
import { createChaperone, type ErrorCode } from '../src/index.ts';
import type { Approval } from '../src/model/approval.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { measureInTurns, ratio, summarize } from './sample.ts';

const PENDING = 100_000;
const BATCH = 500;
const LIMIT = 1.3;
const DAY_MS = 86_400_000;

/** A Chaperone with so many questions waiting for a person, of other runs. */
interface Waiting extends AsyncDisposable {
  /** A call that policy permits. */
  decide(): Promise<void>;
  /** A call that a person is asked about, and which is denied, so that the run is not full. */
  ask(): Promise<void>;
}

async function openWaiting(pending: number): Promise<Waiting> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  const data = join(folder, 'data');
  const chaperone = await createChaperone({
    folder,
    environment: {},
    notify: () => undefined,
    manifest: {
      version: 1,
      data,
      tools: {
        'app/read': { effect: 'read', consequence: 'low' },
        'app/write': { effect: 'write', consequence: 'medium' },
      },
    },
  });
  if (pending > 0) await fill(join(data, 'store.db'), pending);
  const tool = {
    description: 'Takes a number.',
    inputSchema: {
      type: 'object',
      properties: { n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    },
    execute: async ({ n }: { n: number }) => ({ n }),
  };
  let n = 0;
  let runs = 0;
  let run = await startRun();
  async function startRun() {
    // Each by an agent of its own: one agent asks only so often, in whichever run.
    const started = await chaperone.startRun({ agent: `bench${runs++}`, task: 'bench', prompt: 'Measure.' });
    await started.guard({ read: tool, write: tool });
    return started;
  }
  const expectCode = async (name: string, expected: ErrorCode | 'result') => {
    const answer = await run.call(name, { n: n++ });
    const code = answer.kind === 'refused' ? answer.code : 'result';
    if (code !== expected) throw new Error(`${name} came to ${code}`);
    return answer;
  };
  let asked = 0;
  return {
    async decide() {
      await expectCode('app/read', 'result');
    },
    async ask() {
      // A run may ask so often within ten minutes; the next one goes on.
      if (asked++ % 40 === 39) run = await startRun();
      const answer = await expectCode('app/write', 'E_APPROVAL_PENDING');
      const id = answer.kind === 'refused' ? answer.approvalId : undefined;
      await chaperone.answerApproval(id ?? '', false, 'ana');
    },
    async [Symbol.asyncDispose]() {
      await chaperone.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Questions as they lie in the store, a few for each of many runs. */
async function fill(path: string, count: number): Promise<void> {
  const store = await openSqliteStore({ path });
  const atMs = systemClock.nowMs();
  try {
    for (let i = 0; i < count; i += BATCH) {
      const changes = Array.from({ length: Math.min(BATCH, count - i) }, (_, j) => {
        const at = i + j;
        const approval: Approval = {
          id: `apr_bench${at}`,
          tenant: 'default',
          agent: `agent${at % 100}`,
          runId: `run_bench${Math.floor(at / 20)}`,
          callId: `call_bench${at}`,
          tool: 'app/write',
          pin: digestBytes('pin'),
          arguments: { n: at },
          callDigest: digestBytes(`call ${at}`),
          nonce: String(at),
          reasons: [{ code: 'E_APPROVAL_PENDING', message: 'the tool may write' }],
          askedAtMs: atMs,
          expiresAtMs: atMs + DAY_MS,
          state: 'pending',
        };
        return { kind: 'approval.open' as const, approval, maxPendingPerRun: 50 };
      });
      const result = await store.commit(changes);
      if (!result.ok) throw new Error(result.message);
    }
  } finally {
    await store.close();
  }
}

/** What a decision and a question cost while 100,000 questions wait for people, against none that does. */
export async function measureApprovals(options: { durationMs: number; tell: (line: string) => void }): Promise<Report> {
  await using none = await openWaiting(0);
  options.tell(`asking ${PENDING} questions that nobody answers`);
  await using many = await openWaiting(PENDING);
  const rows: object[] = [];
  const ratios: Record<string, number> = {};
  const goals: Goal[] = [];
  for (const what of ['decide', 'ask'] as const) {
    const all = await measureInTurns(
      [
        { name: `${what}, none pending`, call: () => none[what]() },
        { name: `${what}, ${PENDING} pending`, call: () => many[what]() },
      ],
      { warmUpCalls: 50, callsPerRound: 25, minRounds: 20, durationMs: options.durationMs / 2 },
    );
    const [few, lots] = all;
    const measured = few && lots ? ratio(lots, few) : Number.NaN;
    ratios[what] = measured;
    goals.push({
      goal: `${what} with ${PENDING} pending against none, at most ${LIMIT} times`,
      measured,
      reached: measured <= LIMIT,
    });
    for (const samples of all) {
      const { name, samples: number, rounds, p50Ms, p95Ms, p99Ms } = summarize(samples);
      rows.push({ name, samples: number, rounds, p50Ms, p95Ms, p99Ms });
    }
  }
  return {
    bench: 'approvals',
    machine: describeMachine(),
    method: `Two of Chaperone in one process, each on SQLite on disk, called in turns. ${PENDING} approvals of 5,000 other runs are pending in one. A decision is a whole permitted call; an ask is a whole call that asks, and its denial.`,
    rows,
    ratios,
    goals,
    missing: [],
  };
}
