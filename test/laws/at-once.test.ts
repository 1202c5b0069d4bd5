import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../src/model/event.ts';
import { parseScope } from '../../src/model/isolation.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import { resumeScope, stopScope } from '../../src/runtime/isolation.ts';
import { type AtOnce, agent, BUDGET, type Did, openAtOnce, type Work } from './at-once-world.ts';

/*
 * Laws 7, 8 and 9 with 64 workers at once in two real processes on one SQLite store, beside a third that stops, answers and
 * counts. What held is read from the record, whose order is the order in which things came into force for everybody.
 */

const PROCESSES = 2;
const WORKERS = 32;
const TENANT = 'default';
const program = fileURLToPath(new URL('./at-once-process.ts', import.meta.url));
const operator = { tenant: TENANT, person: 'ana', presence: 'terminal', reason: 'law' };

let folder: string;
let here: AtOnce;
let children: readonly ChildProcess[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-law-'));
  const path = join(folder, 'store.db');
  here = await openAtOnce(path, 1, WORKERS);
  children = Array.from({ length: PROCESSES }, (_, i) =>
    fork(program, [path, String(i + 2), String(WORKERS)], { execArgv: [] }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
});
afterAll(async () => {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    }),
  );
  await here.close();
  await rm(folder, { recursive: true, force: true });
});

/** Has every process work, and gives what each did once all have. */
function work(what: Work): Promise<readonly Did[]> {
  return Promise.all(
    children.map(async (child) => {
      const did = once(child, 'message');
      child.send(what);
      const [value] = (await did) as [Did];
      return value;
    }),
  );
}

async function eventsAfter(afterSeq: number, ...kinds: StoredEvent['kind'][]): Promise<readonly StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (let at = afterSeq; ; ) {
    const page = await here.truth.readEvents({ tenant: TENANT, kinds, afterSeq: at, limit: 1_000 });
    const last = page.at(-1);
    if (last === undefined) return all;
    all.push(...page);
    at = last.seq;
  }
}

const lastSeq = async (): Promise<number> =>
  (await here.truth.readEvents({ tenant: TENANT, newestFirst: true, limit: 1 }))[0]?.seq ?? 0;
const startRun = async (name: string): Promise<string> =>
  (await here.world.runs.start({ principal: agent(name), task: 'law', prompt: [], attested: true })).id;
const sum = (did: readonly Did[], what: string): number =>
  did.reduce((total, { answers }) => total + (answers[what] ?? 0), 0);

/** Until so many are there: what is waited for is an event, not a time. What a count throws ends it at once. */
async function until(count: () => Promise<number>, atLeast: number): Promise<void> {
  const signal = AbortSignal.timeout(50_000);
  for (let counted = await count(); counted < atLeast; counted = await count()) {
    if (signal.aborted) throw new Error(`${counted} of ${atLeast} after 50 seconds`);
    await pause(5);
  }
}

describe('64 workers in two processes on one store', () => {
  it.each(['agent:default/a', 'tool:default/law/one', 'run', 'server:default/law', 'tenant:default', 'all'])(
    'law 8: are granted nothing in %s once stopping has returned, and go on outside of it',
    async (named) => {
      const runs = [
        { agent: 'a', runId: await startRun('a') },
        { agent: 'b', runId: await startRun('b') },
      ];
      const text = named === 'run' ? `run:${runs[0]?.runId}` : named;
      const scope = parseScope(text);
      if (scope === undefined) throw new Error(`no such scope: ${text}`);
      const lies = ({ tool, agent: by, runId }: StoredEvent): boolean =>
        named.startsWith('agent')
          ? by === 'a'
          : named.startsWith('tool')
            ? tool === 'law/one'
            : named === 'run'
              ? runId === runs[0]?.runId
              : true;

      const began = await lastSeq();
      const working = work({ kind: 'go-on', runs });
      const granted = async (since: number) => (await eventsAfter(since, 'call.intended')).length;
      let seen = 0;
      let returned = 0;
      try {
        await until(() => granted(began), 100);
        ({ epoch: seen } = await stopScope(here.world, scope, { ...operator, incident: false }));
        returned = await lastSeq();
        // Long enough for every worker to have tried, several times over; or until one was granted what it must not.
        const refused = async () => {
          const late = (await eventsAfter(returned, 'call.intended')).filter(lies);
          expect(late, 'granted behind the stop').toEqual([]);
          return (await eventsAfter(returned, 'call.refused')).length;
        };
        await until(refused, 4 * PROCESSES * WORKERS);
      } finally {
        // Whatever came of it, nobody works on, and this test ends.
        for (const child of children) child.send({ kind: 'end' } satisfies Work);
        await working;
      }
      const did = await working;

      const [stopped] = await eventsAfter(began, 'isolation.changed');
      expect(stopped?.seq).toBeLessThanOrEqual(returned);
      const late = await eventsAfter(stopped?.seq ?? 0, 'call.intended');
      expect(late.filter(lies), 'granted behind the stop').toEqual([]);
      expect(late.length > 0, 'the others go on').toBe(
        !['server:default/law', 'tenant:default', 'all'].includes(named),
      );
      expect(sum(did, 'E_ISOLATED')).toBeGreaterThanOrEqual(4 * PROCESSES * WORKERS);
      // What ran was granted, each once.
      const grants = new Set((await eventsAfter(began, 'call.intended')).map(({ callId }) => callId));
      const ran = did.flatMap((each) => each.ran);
      expect(new Set(ran).size).toBe(ran.length);
      expect(ran.every((callId) => grants.has(callId))).toBe(true);
      await resumeScope(here.world, scope, { ...operator, person: 'bo', seen });
    },
  );

  it('law 9: are permitted exactly as many calls as a budget has', async () => {
    for (let round = 0; round < 3; round++) {
      const runId = await startRun('thrifty');
      const did = await work({ kind: 'spend', agent: 'thrifty', runId, calls: BUDGET });
      expect(sum(did, 'result')).toBe(BUDGET);
      expect(sum(did, 'E_BUDGET')).toBe(PROCESSES * BUDGET - BUDGET);
      expect(
        did.every(({ answers }) => (answers['result'] ?? 0) > 0),
        'both had some of it',
      ).toBe(true);
      expect(did.flatMap(({ ran }) => ran)).toHaveLength(BUDGET);
    }
  });

  it('law 7: use an approval once, whoever comes first', async () => {
    const runId = await startRun('a');
    const approvalIds: string[] = [];
    for (let amount = 0; amount < 10; amount++) {
      const asked = await call(here.world, { principal: agent('a'), runId, tool: 'law/pay', arguments: { amount } });
      const approvalId = (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
      await answerApproval(here.world, { tenant: TENANT, approvalId, approve: true, by: 'ana', presence: 'terminal' });
      approvalIds.push(approvalId);
    }
    const began = await lastSeq();
    const did = await work({ kind: 'pay', agent: 'a', runId, approvalIds });
    expect(sum(did, 'result')).toBe(approvalIds.length);
    expect(sum(did, 'E_APPROVAL_USED')).toBe((PROCESSES * WORKERS - 1) * approvalIds.length);
    const spent = (await eventsAfter(began, 'call.intended')).map(({ body }) => body['approvalId']);
    expect([...spent].sort()).toEqual([...approvalIds].sort());
    expect(did.flatMap(({ ran }) => ran)).toHaveLength(approvalIds.length);
  });
});
