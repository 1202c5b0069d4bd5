import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedgerFolder } from '../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openCheckpointSigner } from '../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { openRecordReader } from '../src/adapters/stores/sqlite/open-record-reader.ts';
import { Integrator } from '../src/app/ledger/integrator.ts';
import { proveEvent } from '../src/app/ledger/prove-event.ts';
import { verifyLedger } from '../src/app/ledger/verify-ledger.ts';
import { openStore } from '../src/app/open-store.ts';
import { newId, systemClock } from '../src/base/clock.ts';
import type { EventKind } from '../src/model/event.ts';
import { leastLabel } from '../src/model/label.ts';
import type { Run } from '../src/model/run.ts';
import type { Change, EventQuery, Store } from '../src/ports/store.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { quantile } from './sample.ts';

const EVENTS = 1_000_000;
const EVENTS_PER_RUN = 20;
const RUNS_PER_COMMIT = 25;
const TENANT = 'default';
const AGENTS = 40;
const TOOLS = 60;
const USERS = 2_000;
const PAGE = 100;
const QUERIES = 100;
const PROOFS = 200;
/** The record reaches back so far: events are spread over it. */
const SPAN_MS = 180 * 86_400_000;
const HOUR_MS = 3_600_000;
/** One agent and one tool are met once in so many runs: whoever looks for them must not read all others. */
const RARE = 5_000;

interface Measured {
  readonly name: string;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
}

/** What the record costs when it is large: filling it, finding something in it, and proving it. */
export async function measureRecord({
  tell,
  events = EVENTS,
}: {
  readonly tell: (line: string) => void;
  readonly events?: number;
}): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-record-'));
  const rows: Measured[] = [];
  try {
    tell(`recording ${events.toLocaleString('en')} events`);
    const store = await openStore(folder, systemClock);
    const runIds: string[] = [];
    rows.push(await timed('recording', events, () => fill(store, events, runIds)));
    tell('looking for some of them');
    const found = await measureQueries(store, runIds, events);
    rows.push(...found);
    tell('integrating them');
    const ledger = join(folder, 'ledger');
    const files = openLedgerFolder(ledger);
    const signer = await openCheckpointSigner({ folder: join(folder, 'ledger-keys'), clock: systemClock });
    const record = openRecordReader({ path: join(folder, 'store.db') });
    const integrator = await Integrator.open({ record, files, signer });
    const integration = await timed('integration', events, () => integrator.catchUp());
    await record.close();
    const proof = await measureProofs(store, ledger, events);
    await store.close();
    tell('verifying the ledger');
    const keys = await signer.keys();
    const verification = await timed('full verification', events, () =>
      verifyLedger(files, { keys, witnesses: [], quorum: 0 }),
    );
    rows.push(integration, proof, verification);
    const slowest = Math.max(...found.map(({ p99Ms = 0 }) => p99Ms));
    const goal = (text: string, measured: number | undefined, reached: (value: number) => boolean): Goal[] =>
      measured === undefined ? [] : [{ goal: text, measured, reached: reached(measured) }];
    return {
      bench: 'record',
      machine: describeMachine(),
      method:
        `${events.toLocaleString('en')} events in SQLite on disk, sealed with a key per run of ${EVENTS_PER_RUN}, ${AGENTS} agents, ` +
        `${TOOLS} tools and ${USERS} users over half a year, and one agent, one tool and two kinds of event that are rare. Each query ` +
        `asks for a page of ${PAGE}, opened, ${QUERIES} times with other values; the slowest of the p99 counts.`,
      rows,
      ratios: {},
      goals: [
        ...goal('a query, p99 of the slowest, at most 50 ms', slowest, (ms) => ms <= 50),
        ...goal('an inclusion proof, p99, at most 5 ms', proof.p99Ms, (ms) => ms <= 5),
        ...goal('integration, at least 20,000 events a second', integration.perSecond, (rate) => rate >= 20_000),
        ...goal(
          'full verification, at least 200,000 events a second',
          verification.perSecond,
          (rate) => rate >= 200_000,
        ),
      ],
      missing: events < 10_000_000 ? ['10 million events: `npm run bench -- record --events 10000000`'] : [],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(name: string, events: number, task: () => Promise<unknown>): Promise<Measured> {
  const startMs = systemClock.monotonicMs();
  await task();
  return { name, perSecond: events / ((systemClock.monotonicMs() - startMs) / 1_000) };
}

/** Runs of twenty events, one after another in time, many to a commit. */
async function fill(store: Store, events: number, runIds: string[]): Promise<void> {
  const runs = Math.ceil(events / EVENTS_PER_RUN);
  const beginMs = systemClock.nowMs() - SPAN_MS;
  let waiting: Promise<unknown>[] = [];
  for (let first = 0; first < runs; first += RUNS_PER_COMMIT) {
    const changes: Change[] = [];
    for (let number = first; number < Math.min(runs, first + RUNS_PER_COMMIT); number++) {
      changes.push(...makeRun(number, beginMs + (number / runs) * SPAN_MS, runIds));
    }
    waiting.push(store.commit(changes));
    if (waiting.length < 4) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

const agentOf = (number: number): string => (number % RARE === 7 ? 'rare' : `agent-${number % AGENTS}`);
const toolOf = (number: number): string => (number % RARE === 9 ? 'rare/tool' : `server/tool-${number % TOOLS}`);
const userOf = (number: number): string => `user-${number % USERS}@company.com`;

function makeRun(number: number, startedAtMs: number, runIds: string[]): readonly Change[] {
  const id = newId(systemClock, 'run');
  runIds.push(id);
  const agent = agentOf(number);
  const run: Run = {
    id,
    principal: { tenant: TENANT, agent, onBehalfOf: { id: userOf(number), groups: [], attributes: {} } },
    task: 'answer mail',
    prompt: [{ kind: 'user', text: 'Answer what came in today, please.' }],
    attested: true,
    label: leastLabel,
    startedAtMs,
    expiresAtMs: startedAtMs + HOUR_MS,
  };
  const events = Array.from({ length: EVENTS_PER_RUN }, (_, i): Change => {
    const isRare = number % RARE === 11 && i === 0;
    const isRefused = number % RARE === 13 && i === 0;
    const common: EventKind = i % 2 === 0 ? 'call.intended' : 'call.completed';
    const kind: EventKind = isRare ? 'alert.raised' : isRefused ? 'call.refused' : common;
    const body = { arguments: { to: userOf(number), text: 'x'.repeat(200) }, verdict: 'permit', reasons: ['declared'] };
    const event = {
      id: newId(systemClock, 'evt'),
      kind,
      tenant: TENANT,
      runId: id,
      callId: `call_${id}_${i >> 1}`,
      agent,
      tool: toolOf(number + (i >> 1)),
      atMs: startedAtMs + i,
      body,
    };
    return { kind: 'event.append', event };
  });
  return [{ kind: 'run.open', run }, ...events];
}

type Ask = (number: number) => Omit<EventQuery, 'tenant' | 'limit'>;

async function measureQueries(store: Store, runIds: readonly string[], events: number): Promise<readonly Measured[]> {
  const beginMs = systemClock.nowMs() - SPAN_MS;
  const hour = (number: number) => {
    const fromMs = beginMs + (number / QUERIES) * (SPAN_MS - HOUR_MS);
    return { fromMs, toMs: fromMs + HOUR_MS };
  };
  const newestFirst = true;
  const run = (number: number) => runIds[Math.floor((number / QUERIES) * runIds.length)] ?? '';
  const asks: Readonly<Record<string, Ask>> = {
    'by run': (number) => ({ runId: run(number) }),
    'by call': (number) => ({ callId: `call_${run(number)}_3` }),
    'by agent': (number) => ({ agent: agentOf(number), newestFirst }),
    'by agent, oldest first': (number) => ({ agent: agentOf(number) }),
    'by an agent that is rare': () => ({ agent: 'rare', newestFirst }),
    'by tool': (number) => ({ tool: toolOf(number), newestFirst }),
    'by a tool that is rare': () => ({ tool: 'rare/tool', newestFirst }),
    'by user': (number) => ({ user: userOf(number * 17), newestFirst }),
    'by a user nobody knows': (number) => ({ user: `nobody-${number}`, newestFirst }),
    'by time': (number) => hour(number),
    'by agent and time': (number) => ({ agent: agentOf(number), ...hour(number) }),
    'by tool and time': (number) => ({ tool: toolOf(number), ...hour(number), newestFirst }),
    'by user and time': (number) => ({ user: userOf(number), ...hour(number) }),
    'by agent and tool': (number) => ({ agent: agentOf(number), tool: toolOf(number), newestFirst }),
    'by an agent and a tool that never met': (number) => ({
      agent: 'rare',
      tool: `server/tool-${number}`,
      newestFirst,
    }),
    'by user and a tool they never used': (number) => ({
      user: userOf(number),
      tool: `server/tool-${(number + 30) % TOOLS}`,
      newestFirst,
    }),
    'by agent and a common kind, refusals': (number) => ({
      agent: agentOf(number),
      kinds: ['call.refused'],
      newestFirst,
    }),
    'by agent, tool, two kinds and time': (number) => ({
      agent: agentOf(number),
      tool: toolOf(number),
      kinds: ['call.refused', 'call.completed'],
      ...hour(number),
    }),
    'by agent and a kind that is rare': (number) => ({ agent: agentOf(number), kinds: ['alert.raised'], newestFirst }),
    'by a kind that is rare': () => ({ kinds: ['alert.raised'], newestFirst }),
    'by a kind that is not there': () => ({ kinds: ['template.registered'] }),
    'a page in the middle': (number) => ({ afterSeq: Math.floor((number / QUERIES) * events) }),
  };
  const rows: Measured[] = [];
  for (const [name, ask] of Object.entries(asks)) {
    const timesMs: number[] = [];
    for (let number = 0; number < QUERIES; number++) {
      const query = { tenant: TENANT, limit: PAGE, ...ask(number) };
      const startMs = systemClock.monotonicMs();
      await store.readEvents(query);
      timesMs.push(systemClock.monotonicMs() - startMs);
      if (timesMs.reduce((sum, ms) => sum + ms, 0) > 20_000) break; // it is too slow: said by what was measured
    }
    rows.push({ name, ...summarize(timesMs) });
  }
  return rows;
}

function summarize(timesMs: readonly number[]): Pick<Measured, 'p50Ms' | 'p99Ms' | 'maxMs'> {
  const values = [...timesMs];
  return { p50Ms: quantile(values, 0.5), p99Ms: quantile(values, 0.99), maxMs: Math.max(...values) };
}

/** Proofs of events all over the log, with the event, as `evidence prove` writes them. */
async function measureProofs(store: Store, ledger: string, events: number): Promise<Measured> {
  const timesMs: number[] = [];
  for (let number = 0; number < PROOFS; number++) {
    const afterSeq = Math.floor(((number + 0.5) / PROOFS) * events) - 1;
    const [event] = await store.readEvents({ tenant: TENANT, afterSeq, limit: 1 });
    if (event === undefined) throw new Error(`there is no event after ${afterSeq}`);
    const startMs = systemClock.monotonicMs();
    await proveEvent(ledger, event, 'event');
    timesMs.push(systemClock.monotonicMs() - startMs);
  }
  return { name: 'inclusion proof', ...summarize(timesMs) };
}
