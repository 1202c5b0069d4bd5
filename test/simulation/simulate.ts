import { createThreadScanner } from '../../src/adapters/scanners/threads/create-thread-scanner.ts';
import { newMemoryState } from '../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { digestBytes } from '../../src/base/digest.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import { pinTool, toolName } from '../../src/model/tool.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { AskedCalls } from '../../src/runtime/asked-calls.ts';
import { call } from '../../src/runtime/call.ts';
import { buildCatalog } from '../../src/runtime/catalog.ts';
import { type Alert, Guards } from '../../src/runtime/guards.ts';
import { HistoryBook } from '../../src/runtime/history-book.ts';
import { stopScope } from '../../src/runtime/isolation.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { recover } from '../../src/runtime/recover.ts';
import { RunBook } from '../../src/runtime/run-book.ts';
import { RunMarkers } from '../../src/runtime/run-markers.ts';
import type { World } from '../../src/runtime/world.ts';
import { HeldSecrets } from '../../src/scan/held-secrets.ts';
import { counted, countingSource, type Effect } from './counting-source.ts';
import { faultyStore } from './faulty-store.ts';
import { keyDigest } from './key-digest.ts';
import { Seeded, seededClock, yieldSome } from './seeded.ts';

export interface Report {
  readonly answers: readonly CallAnswer[];
  readonly effects: readonly Effect[];
  /** What broke a law, in words. */
  readonly violations: readonly string[];
}

const CALLS = 60;
/** How often a note may be read, in a life that takes minutes. */
const READS = 15;
const TENANT = 'default';

/** One seeded life of a runtime: concurrent calls, approvals and isolation over ports that fail, a crash, a recovery. */
export async function simulate(seed: number): Promise<Report> {
  const seeded = new Seeded(seed);
  const clock = seededClock(seeded);
  const kept = newMemoryState();
  const truth = openMemoryStore(kept);
  let rate = 0;
  const store = faultyStore(truth, seeded, () => rate);
  const effects: Effect[] = [];
  const bugs: unknown[] = [];
  const alerts: Alert[] = [];
  const source = countingSource(truth, seeded, () => rate, effects);
  const persons = seeded.pick([1, 2]);
  const budget = seeded.pick([10, 25, CALLS * 2]);
  const catalog = buildCatalog({
    bundle: digestBytes('rules'),
    manifest: manifestSchema.parse({
      version: 1,
      approvals: { persons },
      budgets: { run: { calls: budget } },
      agents: {
        agent: {
          tools: { 'sim/read_note': { rate: `${READS}/day` }, 'sim/write_note': { approval: 'required' } },
          deny: ['sim/forbidden'],
        },
      },
    }),
    placeOf: () => ({ file: 'simulation', line: 1, column: 1 }),
    policyFiles: [],
    tools: counted,
    pins: new Map(counted.map((tool) => [toolName(tool), pinTool(tool)])),
  });
  await truth.commit([
    { kind: 'bundle.activate', bundle: catalog.bundle, content: {}, atMs: clock.nowMs() },
    ...counted.map((tool) => ({
      kind: 'pin.set' as const,
      tool: toolName(tool),
      pin: pinTool(tool),
      descriptor: {},
      atMs: clock.nowMs(),
    })),
  ]);
  const world: World = {
    clock,
    store,
    keyDigest,
    runs: new RunBook(clock, store, () => 3_600_000),
    asked: await AskedCalls.recall(truth, TENANT, clock.nowMs()),
    scanner: createThreadScanner(),
    held: new HeldSecrets(),
    reserved: { find: () => undefined },
    stopSwitch: { find: () => undefined, list: () => [] },
    markers: new RunMarkers(clock),
    histories: new HistoryBook(store, keyDigest),
    guards: new Guards({ clock, onAlert: (alert) => alerts.push(alert), wait: async () => {} }),
    inFlight: { count: 0 },
    catalog: () => catalog,
    sources: () => (server) => (server === 'sim' ? source : undefined),
    onBug: (error) => bugs.push(error),
  };
  const principal = { tenant: TENANT, agent: 'agent' };
  const run = await world.runs.start({ principal, task: 'simulated', prompt: [], attested: true });

  rate = seeded.pick([0, 0.01, 0.05, 0.15]);
  const isolated = seeded.chance(0.3) ? seeded.below(CALLS) : CALLS;
  const answers: CallAnswer[] = [];
  let isolatedAt: number | undefined;
  await Promise.all(
    Array.from({ length: CALLS }, async (_, i) => {
      for (let pause = seeded.below(30); pause > 0; pause--) await yieldSome(seeded);
      if (i === isolated) {
        const scope = { kind: 'agent', tenant: TENANT, agent: 'agent' } as const;
        const by = { tenant: TENANT, person: 'p', presence: 'terminal', reason: 'r', incident: false };
        await stopScope(world, scope, by).then(
          () => (isolatedAt = effects.length),
          () => {},
        );
      }
      const tool = seeded.pick(['sim/read_note', 'sim/write_note', 'sim/forbidden', 'sim/none']);
      const request = { principal, runId: run.id, tool, arguments: { id: seeded.below(5) } };
      const first = await call(world, request);
      answers.push(first);
      if (first.kind !== 'refused' || first.approvalId === undefined) return;
      const { approvalId } = first;
      for (const by of persons === 2 ? ['p', 'q'] : ['p']) {
        const approve = seeded.chance(persons === 2 ? 0.85 : 0.7);
        const given = { tenant: TENANT, approvalId, approve, by, presence: 'terminal' as const };
        await answerApproval(world, seeded.chance(0.1) ? { ...given, by: 'p' } : given).catch(() => {});
      }
      answers.push(await call(world, seeded.chance(0.5) ? request : { ...request, approvalId: first.approvalId }));
    }),
  );

  // The crash: what was in memory is gone, what was committed is not.
  rate = 0;
  await truth.close();
  const reopened = openMemoryStore(kept);
  await recover({ store: reopened, clock });
  const violations = [
    ...(await findViolations(reopened, answers, effects, bugs, isolatedAt, persons)),
    ...(await findOverspending(reopened, answers, budget)),
  ];
  return { answers, effects, violations };
}

async function findViolations(
  truth: ReturnType<typeof openMemoryStore>,
  answers: readonly CallAnswer[],
  effects: readonly Effect[],
  bugs: readonly unknown[],
  isolatedAt: number | undefined,
  persons: number,
): Promise<string[]> {
  const violations: string[] = bugs.map((bug) => `a bug: ${bug instanceof Error ? bug.stack : String(bug)}`);
  const executions = new Map<string, number>();
  for (const effect of effects) {
    executions.set(effect.callId, (executions.get(effect.callId) ?? 0) + 1);
    if (effect.intent === undefined) violations.push(`${effect.callId}: an effect without a durable intent`);
    if (effect.tool === 'sim/forbidden') violations.push(`${effect.callId}: a forbidden tool ran`);
  }
  for (const [callId, count] of executions) if (count > 1) violations.push(`${callId}: ran ${count} times`);

  const spent = new Map<string, number>();
  for (const { intent } of effects) {
    const approvalId = intent?.body['approvalId'];
    if (typeof approvalId === 'string') spent.set(approvalId, (spent.get(approvalId) ?? 0) + 1);
    if (intent?.tool === 'sim/write_note' && approvalId === undefined) {
      violations.push(`${intent.callId}: a write ran without an approval`);
    }
  }
  for (const [approvalId, count] of spent) if (count > 1) violations.push(`${approvalId}: spent ${count} times`);
  for (const { intent } of effects) {
    const approvalId = intent?.body['approvalId'];
    if (typeof approvalId !== 'string') continue;
    const approval = await truth.readApproval(TENANT, approvalId);
    const given = approval?.answers ?? [];
    const by = new Set(given.filter(({ approve }) => approve).map((answer) => answer.by));
    if (by.size < persons || given.some(({ approve }) => !approve)) {
      violations.push(`${approvalId}: spent with ${by.size} of ${persons} persons`);
    }
    if (approval?.callDigest !== intent?.body['callDigest']) violations.push(`${approvalId}: spent on another call`);
  }

  for (const answer of answers) {
    const events = await truth.readEvents({ tenant: TENANT, callId: answer.callId, limit: 20 });
    const kinds = events.map((event) => event.kind);
    if (answer.kind === 'result' && !kinds.includes('call.completed')) {
      violations.push(`${answer.callId}: a result without a recorded outcome`);
    }
    if (answer.kind === 'refused' && answer.code !== 'E_STORE' && events.length === 0) {
      violations.push(`${answer.callId}: an acknowledged refusal is not in the record`);
    }
    if (answer.kind === 'refused' && answer.ran === 'no' && executions.has(answer.callId)) {
      violations.push(`${answer.callId}: said not to have run, and did`);
    }
    if (kinds.includes('call.intended') && !kinds.includes('call.completed')) {
      violations.push(`${answer.callId}: an intent was left open`);
    }
  }
  if ((await truth.listAbandonedIntents(1)).length > 0) violations.push('recovery left an intent open');
  if (isolatedAt !== undefined) {
    const events = await truth.readEvents({ tenant: TENANT, limit: 1_000 });
    const stop = events.find((event) => event.kind === 'isolation.changed');
    for (const event of events) {
      if (stop && event.kind === 'call.intended' && event.seq > stop.seq) {
        violations.push(`${event.callId}: was granted after the isolation`);
      }
    }
  }
  return violations;
}

/** Law 9: what was granted is never more than there was, and nobody is told that there is no more while there is. */
async function findOverspending(
  truth: ReturnType<typeof openMemoryStore>,
  answers: readonly CallAnswer[],
  budget: number,
): Promise<string[]> {
  const events = await truth.readEvents({ tenant: TENANT, limit: 1_000 });
  const granted = events.filter(({ kind }) => kind === 'call.intended');
  const reads = granted.filter(({ tool }) => tool === 'sim/read_note');
  const wasTold = (code: string) => answers.some((answer) => answer.kind === 'refused' && answer.code === code);
  return [
    ...(granted.length > budget ? [`${granted.length} calls were granted of a budget of ${budget}`] : []),
    ...(reads.length > READS ? [`${reads.length} reads were granted of a rate of ${READS}`] : []),
    ...(wasTold('E_BUDGET') && granted.length !== budget ? [`refused after ${granted.length} calls of ${budget}`] : []),
    ...(wasTold('E_RATE') && reads.length !== READS ? [`refused after ${reads.length} reads of ${READS}`] : []),
  ];
}
