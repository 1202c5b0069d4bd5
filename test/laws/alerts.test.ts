import { describe, expect, it } from 'vitest';
import { recordAttemptsOfServer } from '../../src/app/record-attempts.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { call } from '../../src/runtime/call.ts';
import { conduct } from '../../src/runtime/conduct.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * What people have to look at is written for every channel of alerts with the event that says the same, in words of
 * Chaperone's own; of the same they are told once in a while, and the record has every one.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const hook = { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } };
const tools = ['write', 'get'].map((name) => lawTool(name, { id: { type: 'string' } }));
const down: Execution = { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'ring +49 1234' };
const said = (text: string): Execution => ({ ok: true, result: { content: [{ type: 'text', text }] } });

interface Session extends LawWorld {
  readonly runId: string;
  write(): Promise<unknown>;
  /** What every channel was to be told of. */
  told(): Promise<readonly (readonly [string, unknown, unknown])[]>;
}

async function open(manifest: object, write: object, answer: (name: string) => Execution): Promise<Session> {
  const catalog = lawCatalog({
    tools,
    manifest: {
      version: 1,
      channels: { ops: hook, soc: hook },
      tools: {
        'law/write': { effect: 'write', consequence: 'low', ...write },
        'law/get': { effect: 'read', consequence: 'low' },
      },
      agents: { a: { tools: { 'law/*': {} } } },
      ...manifest,
    },
  });
  const law = await openLawWorld({ catalog, call: async ({ tool }) => answer(tool.tool.name) });
  const { world, truth } = law;
  const { id: runId } = await world.runs.start({ principal: A, task: '', prompt: [], attested: true });
  return {
    ...law,
    runId,
    write: () => conduct(world, { principal: A, runId, tool: 'law/write', arguments: {} }, (each) => call(world, each)),
    told: async () =>
      (await truth.listNotices(TENANT, world.clock.nowMs(), 50))
        .map(({ channel, facts }) => [channel, facts['alert'], facts['run']] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

const toBoth = (alert: string, runId: string) => [
  ['ops', alert, runId],
  ['soc', alert, runId],
];

describe('an alert', () => {
  it('is told by every channel, once in a while of the same, with nothing that a tool said', async () => {
    const session = await open({}, { onFailure: 'notify' }, () => down);
    for (let i = 0; i < 5; i++) await session.write();
    expect(await session.told()).toEqual(toBoth('tool.failed', session.runId));
    const { truth, world } = session;
    const events = await truth.readEvents({ tenant: TENANT, kinds: ['alert.raised'], limit: 100 });
    expect(events).toHaveLength(5);
    expect(JSON.stringify(await truth.listNotices(TENANT, world.clock.nowMs(), 50))).not.toContain('1234');
    session.advance(5 * 60_000);
    await session.write();
    expect(await session.told()).toHaveLength(4);
  });

  it.each([
    ['alerts', { alerts: { channels: ['soc'] }, approvals: { channels: ['ops'] } }, ['soc']],
    ['questions', { approvals: { channels: ['ops'] } }, ['ops']],
    ['nobody', { alerts: { channels: [] } }, []],
  ])('goes to those who are named for %s', async (_, manifest, channels) => {
    const session = await open(manifest, { onFailure: 'notify' }, () => down);
    await session.write();
    expect((await session.told()).map(([channel]) => channel)).toEqual(channels);
  });

  it.each([
    ['end', 'run.ended'],
    ['pause', 'run.paused'],
  ] as const)('says that a breaker was to %s a run', async (onOpen, alert) => {
    const session = await open({ breakers: { run: { failures: 3, onOpen } } }, {}, () => down);
    for (let i = 0; i < 2; i++) await session.write();
    expect(await session.told()).toEqual([]);
    await session.write();
    expect(await session.told()).toEqual(toBoth(alert, session.runId));
    session.advance(30_000); // until then the breaker is what refuses
    expect(await session.write()).toMatchObject({ code: onOpen === 'end' ? 'E_RUN_ENDED' : 'E_RUN_PAUSED' });
  });

  it('of something grave is not held back since people were told of something small', async () => {
    const { world, truth } = await open({ alerts: { channels: ['soc'] } }, {}, () => down);
    const severities = ['low', 'high', 'low', 'medium', 'high'] as const;
    for (const severity of severities) {
      const attempts = [
        { kind: 'time', severity: 'low', detail: '' },
        { kind: 'network', severity, detail: '' },
      ] as const;
      await recordAttemptsOfServer(world, () => {}, TENANT, 'guest', attempts);
    }
    const notices = await truth.listNotices(TENANT, world.clock.nowMs(), 50);
    expect(notices.map(({ facts }) => facts['severity']).sort()).toEqual(['high', 'low', 'medium']);
  });

  it('says that a failed tool paused its run, and that an effect was not confirmed', async () => {
    const paused = await open({}, { onFailure: 'pause' }, () => down);
    await paused.write();
    expect(await paused.told()).toEqual(toBoth('run.paused', paused.runId));
    const verify = { call: 'law/get', expect: { stage: 'won' } };
    const doubtful = await open({}, { verify }, () => said('lost'));
    expect(await doubtful.write()).toMatchObject({ code: 'E_UNCONFIRMED' });
    expect(await doubtful.told()).toEqual(toBoth('effect.unconfirmed', doubtful.runId));
  });
});
