import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.ts';
import { Fault } from '../../src/base/fault.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { call } from '../../src/runtime/call.ts';
import { conduct } from '../../src/runtime/conduct.ts';
import { stopScope } from '../../src/runtime/isolation.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { resumeRun } from '../../src/runtime/pause-run.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * What is done about failures never lets anything through: every attempt is a call of its own, decided and recorded, and
 * is made once more only where that is safe. An effect that cannot be confirmed is an incident, and the answer says so.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const output = { type: 'object', properties: { stage: { type: 'string' } }, required: ['stage'] } as const;
const tools = [
  lawTool('read', { id: { type: 'string' } }),
  lawTool('write', { id: { type: 'string' }, stage: { type: 'string' } }),
  lawTool('spare', { id: { type: 'string' } }),
  { ...lawTool('get', { id: { type: 'string' } }), outputSchema: output },
];
const said = (text: string): Execution => ({ ok: true, result: { content: [{ type: 'text', text }] } });
const stage = (value: string): Execution => ({
  ok: true,
  result: { content: [], structuredContent: { stage: value } },
});
const down: Execution = { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'down' };
const lost: Execution = { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'lost' };
const READ = { effect: 'read', consequence: 'low' };
const WRITE = { effect: 'write', consequence: 'low' };
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);

interface Session extends LawWorld {
  readonly runId: string;
  /** Every execution, by tool. */
  readonly ran: string[];
  ask(name: string, args?: object): Promise<CallAnswer>;
  events(
    kind: string,
  ): Promise<readonly { readonly callId?: string; readonly body: Readonly<Record<string, unknown>> }[]>;
}

async function open(
  declared: Readonly<Record<string, object>>,
  answer: (name: string, nth: number, intent: Intent) => Execution | Promise<Execution>,
  more: { grants?: object; rules?: object; wrap?: (truth: Store) => Store } = {},
): Promise<Session> {
  const ran: string[] = [];
  const defaults = { read: READ, write: WRITE, spare: READ, get: READ };
  const manifest = {
    version: 1,
    tools: Object.fromEntries(
      Object.entries(defaults).map(([name, entry]) => [`law/${name}`, { ...entry, ...declared[name] }]),
    ),
    agents: { a: { tools: more.grants ?? { 'law/read': {}, 'law/write': {}, 'law/spare': {} } } },
    ...more.rules,
  };
  const opened = await openLawWorld({
    catalog: lawCatalog({ tools, manifest }),
    ...(more.wrap === undefined ? {} : { wrap: more.wrap }),
    call: async (intent) => {
      const { name } = intent.tool.tool;
      ran.push(name);
      return answer(name, ran.filter((each) => each === name).length, intent);
    },
  });
  const { world, truth } = opened;
  const prompt = [{ kind: 'user' as const, text: 'write deal d1 to won, read d1' }];
  const { id } = await world.runs.start({ principal: A, task: 'law', prompt, attested: true });
  return {
    ...opened,
    runId: id,
    ran,
    ask: (name, args = { id: 'd1' }) =>
      conduct(world, { principal: A, runId: id, tool: `law/${name}`, arguments: args }, (each) => call(world, each)),
    events: async (kind) => {
      const all = await truth.readEvents({ tenant: TENANT, limit: 1_000 });
      return all.filter((event) => event.kind === kind);
    },
  };
}

describe('a retry', () => {
  it('is a call of its own, recorded as an attempt of the first, until one brings a result', async () => {
    const { ask, ran, events } = await open({ write: { onFailure: 'retry 3 then refuse' } }, (_, nth) =>
      nth < 3 ? down : said('done'),
    );
    const answer = await ask('write');
    expect(answer.kind).toBe('result');
    expect(ran).toEqual(['write', 'write', 'write']);
    const intended = await events('call.intended');
    const [first] = intended;
    expect(new Set(intended.map(({ callId }) => callId)).size, 'one execution an intent').toBe(3);
    expect(intended.map(({ body }) => body['attempt'])).toEqual([
      undefined,
      { of: first?.callId, number: 2, because: 'E_UPSTREAM_UNREACHABLE' },
      { of: first?.callId, number: 3, because: 'E_UPSTREAM_UNREACHABLE' },
    ]);
    expect(answer.callId).toBe(intended[2]?.callId);
  });

  it('is not made of what may have run, unless a person said that twice is as good as once', async () => {
    const writing = await open({ write: { onFailure: 'retry 3' } }, () => lost);
    expect(await writing.ask('write')).toMatchObject({ code: 'E_UPSTREAM_LOST', ran: 'unknown' });
    expect(writing.ran).toHaveLength(1);
    const idempotent = await open({ write: { onFailure: 'retry 3', idempotent: true } }, () => lost);
    await idempotent.ask('write');
    expect(idempotent.ran).toHaveLength(4);
    const reading = await open({ read: { onFailure: 'retry 2' } }, () => lost);
    await reading.ask('read');
    expect(reading.ran).toHaveLength(3);
  });

  it('is not made of what is not allowed, used up or stopped, nor by a caller with a key of its own', async () => {
    const denied = await open({ write: { onFailure: 'retry 3 then cached' } }, () => down, { grants: {} });
    expect(codeOf(await denied.ask('write'))).toBe('E_NOT_PERMITTED');
    expect(await denied.events('call.refused')).toHaveLength(1);
    const spent = await open({ write: { onFailure: 'retry 9' } }, () => down, {
      rules: { budgets: { run: { calls: 3 } } },
    });
    expect(codeOf(await spent.ask('write'))).toBe('E_BUDGET');
    expect(spent.ran, 'retries are paid for').toHaveLength(3);
    const keyed = await open({ write: { onFailure: 'retry 3' } }, () => down);
    const digest = `hmac-sha256:${'0'.repeat(64)}` as const;
    await conduct(
      keyed.world,
      { principal: A, runId: keyed.runId, tool: 'law/write', arguments: {}, keyed: { callId: 'call_k1', digest } },
      (each) => call(keyed.world, each),
    );
    expect(keyed.ran).toHaveLength(1);
  });

  it('asks a person again for what a person has to approve', async () => {
    const session = await open({ write: { onFailure: 'retry 3' } }, () => down, {
      grants: { 'law/write': { approval: 'required' } },
    });
    expect(codeOf(await session.ask('write'))).toBe('E_APPROVAL_PENDING');
    expect(session.ran).toEqual([]);
  });
});

describe('an answer after several attempts', () => {
  const declared = { write: { onFailure: 'retry 2 then refuse', idempotent: true } };

  it('says that it may have run where any of them may have', async () => {
    const session = await open(declared, (_, nth) => (nth === 1 ? lost : down));
    expect(await session.ask('write')).toMatchObject({ code: 'E_UPSTREAM_LOST', ran: 'unknown' });
    expect(session.ran).toHaveLength(3);
  });

  it('says so also where a later one was not allowed any more', async () => {
    const rules = { budgets: { run: { calls: 1 } } };
    const session = await open(declared, () => lost, { rules });
    expect(await session.ask('write')).toMatchObject({ code: 'E_BUDGET', ran: 'unknown' });
    expect(session.ran).toHaveLength(1);
  });
});

describe('falling back', () => {
  it('to another tool is decided like any call', async () => {
    const onFailure = 'retry 1 then use law/spare';
    const permitted = await open({ read: { onFailure } }, (name) => (name === 'spare' ? said('spare') : down));
    expect(await permitted.ask('read')).toMatchObject({ kind: 'result', result: { content: [{ text: 'spare' }] } });
    expect(permitted.ran).toEqual(['read', 'read', 'spare']);
    const forbidden = await open({ read: { onFailure } }, () => down, { grants: { 'law/read': {} } });
    expect(codeOf(await forbidden.ask('read'))).toBe('E_NOT_PERMITTED');
    expect(forbidden.ran).toEqual(['read', 'read']);
  });

  it('to another tool, or back from one, is not done where the other may have run: twice is as good as once of the same only', async () => {
    const spare = { effect: 'write', idempotent: true };
    const other = await open({ write: { onFailure: 'use law/spare', idempotent: true }, spare }, () => lost);
    expect(await other.ask('write')).toMatchObject({ code: 'E_UPSTREAM_LOST', ran: 'unknown' });
    expect(other.ran).toEqual(['write']);
    const later = await open(
      { write: { onFailure: 'retry 1 then use law/spare', idempotent: true }, spare },
      (_, nth) => (nth === 1 ? lost : down),
    );
    await later.ask('write');
    expect(later.ran, 'what came first is not forgotten').toEqual(['write', 'write']);
    const back = await open({ write: { onFailure: 'use law/spare then retry 1', idempotent: true }, spare }, (name) =>
      name === 'spare' ? lost : down,
    );
    await back.ask('write');
    expect(back.ran).toEqual(['write', 'spare']);
    const after = await open({ read: { onFailure: 'use law/write then use law/spare' }, spare }, () => lost);
    await after.ask('read');
    expect(after.ran, 'only what reads is free').toEqual(['read', 'write']);
  });

  it('to an earlier answer is for what reads: a write that failed is not said to have been done', async () => {
    let isDown = false;
    const session = await open({ write: { idempotent: true, onFailure: 'cached' } }, () =>
      isDown ? lost : said('done'),
    );
    expect((await session.ask('write')).kind).toBe('result');
    isDown = true;
    expect(codeOf(await session.ask('write'))).toBe('E_UPSTREAM_LOST');
  });

  it('to an earlier answer says how old it is, is recorded, and is for the run that got it', async () => {
    let isDown = false;
    const session = await open({ read: { onFailure: 'cached' } }, () => (isDown ? lost : said('fresh')));
    const { world, ask, advance, events, truth, runId } = session;
    expect((await ask('read')).kind).toBe('result');
    const { label } = (await truth.readRun(TENANT, runId)) ?? {};
    isDown = true;
    advance(90_000);
    const stale = await ask('read');
    expect(stale).toMatchObject({
      kind: 'result',
      result: {
        content: [{ text: 'fresh' }, { text: expect.stringContaining('90 seconds ago') }],
        extra: { _meta: { 'chaperone/stale': { ageMs: 90_000 } } },
      },
    });
    expect((await events('answer.kept')).map(({ body }) => body['code'])).toEqual(['E_UPSTREAM_LOST']);
    expect((await truth.readRun(TENANT, runId))?.label).toEqual(label);
    expect(codeOf(await ask('read', { id: 'd2' })), 'another call').toBe('E_UPSTREAM_LOST');
    const other = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    const request = { principal: A, runId: other.id, tool: 'law/read', arguments: { id: 'd1' } };
    expect(codeOf(await conduct(world, request, (each) => call(world, each))), 'another run').toBe('E_UPSTREAM_LOST');
    const scope = { kind: 'tool', tenant: TENANT, tool: 'law/read' } as const;
    const by = { tenant: TENANT, person: 'p', presence: 'terminal', reason: 'law', incident: false };
    await stopScope(world, scope, by);
    expect(codeOf(await ask('read')), 'isolated').toBe('E_ISOLATED');
  });
});

describe('retry 3 then notify and pause', () => {
  it('tells people, pauses the run, and a person lets it go on', async () => {
    let isDown = true;
    const session = await open({ write: { onFailure: 'retry 3 then notify and pause' } }, () =>
      isDown ? down : said('ok'),
    );
    const { ask, world, runId, ran, alerts, events } = session;
    expect(await ask('write')).toMatchObject({ code: 'E_UPSTREAM_UNREACHABLE', ran: 'no' });
    expect(ran).toHaveLength(4);
    expect(alerts.map(({ message }) => message)).toEqual([
      expect.stringContaining('`law/write` failed'),
      expect.stringContaining('paused until a person resumes it'),
    ]);
    isDown = false;
    for (const name of ['write', 'read']) expect(codeOf(await ask(name))).toBe('E_RUN_PAUSED');
    expect(ran).toHaveLength(4);
    await resumeRun(world, { tenant: TENANT, runId, by: 'p', presence: 'terminal' });
    expect(codeOf(await ask('write'))).toBe('ok');
    expect((await events('run.resumed')).map(({ body }) => body)).toEqual([{ by: 'p', presence: 'terminal' }]);
  });
});

describe('what goes wrong is a denial', () => {
  it('garbage from a tool is withheld, and retried only where that is safe', async () => {
    const garbage: Execution = { ok: true, result: { content: [], structuredContent: { other: 1 } } };
    const grants = { 'law/get': {} };
    const session = await open({ get: { onFailure: 'retry 1' } }, (_, nth) => (nth === 1 ? garbage : stage('won')), {
      grants,
    });
    expect((await session.ask('get')).kind).toBe('result');
    const always = await open({ get: { onFailure: 'retry 1 then notify' } }, () => garbage, { grants });
    expect(await always.ask('get')).toMatchObject({ code: 'E_RESULT_INVALID', ran: 'yes' });
    const broken = await open({}, () => {
      throw new Error('a bug in the adapter');
    });
    expect(await broken.ask('read')).toMatchObject({ code: 'E_UPSTREAM_LOST', ran: 'unknown' });
  });

  it('garbage from a model is refused before anything is asked of anybody', async () => {
    const session = await open({ write: { onFailure: 'retry 3 then cached' } }, () => said('done'));
    for (const args of ['no object', 7, [1], { id: 1 }, { unknown: true }, { id: '\ud800' }]) {
      const answer = await session.ask('write', args as object);
      expect(answer).toMatchObject({ kind: 'refused', ran: 'no', code: expect.stringMatching(/^E_ARGUMENT/) });
    }
    expect(session.ran).toEqual([]);
  });

  it('a hung tool is given up at its deadline, and its run goes on', async () => {
    const session = await open({ read: { timeout: '50ms', onFailure: 'notify' } }, (_, nth) =>
      nth === 1 ? new Promise<Execution>(() => {}) : said('done'),
    );
    expect(await session.ask('read')).toMatchObject({ code: 'E_UPSTREAM_TIMEOUT', ran: 'unknown' });
    expect(session.alerts).toHaveLength(1);
    expect(codeOf(await session.ask('read'))).toBe('ok');
  });

  it.each(['does not answer', 'is full'])('a store that %s lets nothing run, whatever is configured', async (why) => {
    let isBroken = false;
    const session = await open(
      { read: { onFailure: 'retry 2 then use law/spare then cached then notify and pause' } },
      () => said('done'),
      {
        wrap: (truth) => ({
          ...truth,
          commit: async (changes, options) => {
            if (isBroken)
              throw why === 'is full' ? new Fault('E_STORE', 'database or disk is full') : new Error('gone');
            return truth.commit(changes, options);
          },
        }),
      },
    );
    expect(codeOf(await session.ask('read'))).toBe('ok');
    isBroken = true;
    expect(await session.ask('read')).toMatchObject({ code: 'E_STORE', ran: 'no' });
    expect(session.ran).toHaveLength(1);
    isBroken = false;
    expect(codeOf(await session.ask('read')), 'it was not paused: nothing could be recorded').toBe('ok');
  });
});

describe('an effect', () => {
  const verify = {
    call: 'law/get',
    arguments: { id: '$arguments.id' },
    expect: { stage: '$arguments.stage' },
  };
  const written = { id: 'd1', stage: 'won' };

  it('that is read back as expected is confirmed, by a call of Chaperone’s own', async () => {
    const session = await open({ write: { verify } }, (name) => (name === 'get' ? stage('won') : said('done')));
    const answer = await session.ask('write', written);
    expect(answer.kind).toBe('result');
    expect(session.ran).toEqual(['write', 'get']);
    const [, readBack] = await session.events('call.intended');
    expect(readBack).toMatchObject({
      agent: 'chaperone:verifier',
      body: { confirms: answer.callId, arguments: { id: 'd1' } },
    });
    expect(codeOf(await session.ask('get')), 'the agent itself may not').toBe('E_NOT_PERMITTED');
    expect(await session.events('incident.opened')).toEqual([]);
  });

  it.each<[string, Execution, string]>([
    ['is read back as something else', stage('lost'), '`stage`'],
    ['cannot be read back', down, 'E_UPSTREAM_UNREACHABLE'],
    [
      'is read back as garbage',
      { ok: true, result: { content: [], structuredContent: { odd: 1 } } },
      'E_RESULT_INVALID',
    ],
  ])('that %s is an incident, and the answer says so', async (_, seen, why) => {
    const session = await open({ write: { verify } }, (name) => (name === 'get' ? seen : said('done')));
    const answer = await session.ask('write', written);
    expect(answer).toMatchObject({ kind: 'refused', code: 'E_UNCONFIRMED', ran: 'yes' });
    expect(answer.kind === 'refused' && answer.reasons[0]?.message).toContain(why);
    const [incident] = await session.events('incident.opened');
    expect(incident).toMatchObject({ callId: answer.callId, body: { what: 'effect-not-confirmed', call: 'law/get' } });
    expect(JSON.stringify(incident?.body), 'no value of a tool').not.toContain('lost');
    expect(session.alerts[0]?.message).toContain('incident');
  });

  it('is not read back by what writes', async () => {
    const wrong = { ...verify, call: 'law/write' };
    await expect(open({ write: { verify: wrong } }, () => said('done'))).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});
