import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toFault } from '../../src/base/fault.ts';
import { CANARY_AGENT, canaryTool } from '../../src/model/canary.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Store } from '../../src/ports/store.ts';
import { call } from '../../src/runtime/call.ts';
import { Canary } from '../../src/runtime/canary.ts';
import { conduct } from '../../src/runtime/conduct.ts';
import { counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * A call that nobody may make is tried through the line that every call walks. It is denied under every manifest; where
 * rules let it through, that is an incident and has no effect; and that it could not be tried is never taken for a denial.
 */

const TENANT = 'default';
const channels = { ops: { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } } };
const tools = [lawTool('send', {}), lawTool('read', {})];

interface Session extends LawWorld {
  readonly canary: Canary;
  readonly effects: readonly Intent[];
  kinds(): Promise<readonly string[]>;
}

async function open(manifest: object, policy?: string, wrap?: (truth: Store) => Store): Promise<Session> {
  const effects: Intent[] = [];
  const written = policy === undefined ? {} : { policies: ['law.cedar'] };
  const catalog = lawCatalog({
    tools,
    manifest: { version: 1, ...written, ...manifest },
    ...(policy === undefined ? {} : { policy }),
  });
  const law = await openLawWorld({ catalog, call: counting(effects), ...(wrap === undefined ? {} : { wrap }) });
  const canary = new Canary(law.world, (request) => conduct(law.world, request, (each) => call(law.world, each)));
  const kinds = async () =>
    (await law.truth.readEvents({ tenant: TENANT, agent: CANARY_AGENT, limit: 1_000 })).map(({ kind }) => kind);
  return { ...law, canary, effects, kinds };
}

const EVERYTHING = '@id("careless") permit (principal, action, resource);';

describe('the canary', () => {
  it('is denied under every manifest, whatever that grants to whom, and leaves no question behind', async () => {
    const grants = fc.subarray(['*', 'law/*', 'law/send'], { minLength: 0 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('enforce', 'provisional'),
        grants,
        fc.boolean(),
        async (mode, patterns, named) => {
          const granted = Object.fromEntries(patterns.map((pattern) => [pattern, { approval: 'never' }]));
          const declared = {
            'law/send': { effect: 'write', consequence: 'low' },
            'law/read': { effect: 'read', consequence: 'low' },
          };
          const { canary, effects, kinds } = await open({
            mode,
            tools: declared,
            agents: named ? { a: { tools: granted } } : {},
          });
          expect(await canary.send()).toMatchObject({ answer: 'denied', code: 'E_NOT_PERMITTED' });
          expect(await kinds()).toEqual(['run.started', 'call.refused', 'canary.answered']);
          expect(effects).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is an incident where a rule lets it through: opened once, told, and without any effect', async () => {
    const law = await open({ channels }, EVERYTHING);
    await law.truth.commit([
      { kind: 'pin.set', tool: canaryTool.name, pin: canaryTool.pin, descriptor: {}, atMs: law.world.clock.nowMs() },
    ]);
    const first = await law.canary.send();
    // Let through to the very end, where there is nothing.
    expect(first).toMatchObject({ answer: 'permitted', code: 'E_UPSTREAM_UNREACHABLE' });
    expect(await law.canary.send()).toMatchObject({ answer: 'permitted' });
    const kinds = await law.kinds();
    expect(kinds.filter((kind) => kind === 'incident.opened')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'canary.answered')).toHaveLength(2);
    expect(kinds.filter((kind) => kind === 'call.intended')).toHaveLength(2);
    expect(law.effects).toEqual([]);
    expect(law.alerts[0]?.message).toContain('incident');
    const notices = await law.truth.listNotices(TENANT, law.world.clock.nowMs(), 10);
    expect(notices.map(({ channel, facts }) => [channel, facts['alert'], facts['call']])).toEqual([
      ['ops', 'canary.permitted', first.callId],
    ]);
    // Put right, it is denied again; and the next time is another incident.
    await law.enthrone(lawCatalog({ tools, manifest: { version: 1, channels } }));
    expect(await law.canary.send()).toMatchObject({ answer: 'denied' });
    await law.enthrone(
      lawCatalog({ tools, manifest: { version: 1, policies: ['law.cedar'], channels }, policy: EVERYTHING }),
    );
    expect(await law.canary.send()).toMatchObject({ answer: 'permitted' });
    expect((await law.kinds()).filter((kind) => kind === 'incident.opened')).toHaveLength(2);
  });

  it('counts a question as let through, and leaves it to nobody', async () => {
    const law = await open({}, `${EVERYTHING}\n@ask("really?") forbid (principal, action, resource);`);
    expect(await law.canary.send()).toMatchObject({ answer: 'permitted', code: 'E_APPROVAL_PENDING' });
    expect(await law.truth.listApprovals(TENANT, 'pending', 10)).toEqual([]);
  });

  it('says that it could not be tried: where a rule fails, the store does not answer, or nobody is let in', async () => {
    const failing = await open(
      { channels },
      `${EVERYTHING}\nforbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };`,
    );
    expect(await failing.canary.send()).toMatchObject({ answer: 'unknown', code: 'E_POLICY_ERROR' });
    const [notice] = await failing.truth.listNotices(TENANT, failing.world.clock.nowMs(), 10);
    expect(notice?.facts['alert']).toBe('canary.silent');

    let isDown = false;
    const away = await open({}, undefined, (truth) => ({
      ...truth,
      commit: (...given) =>
        isDown ? Promise.reject(toFault(undefined, 'E_STORE', 'the disk is full')) : truth.commit(...given),
    }));
    isDown = true;
    expect(await away.canary.send()).toMatchObject({ answer: 'unknown', code: 'E_STORE' });
    expect(away.alerts.map(({ message }) => message).join()).toContain('could not be recorded');
    isDown = false;
    expect(await away.canary.send()).toMatchObject({ answer: 'denied' });
  });

  it('is denied while everything is stopped too, and is no tool of anybody else', async () => {
    const law = await open({}, EVERYTHING);
    const { world } = law;
    const principal = { tenant: TENANT, agent: 'a' };
    const { id: runId } = await world.runs.start({ principal, task: '', prompt: [], attested: true });
    expect(await call(world, { principal, runId, tool: canaryTool.name, arguments: {} })).toMatchObject({
      code: 'E_TOOL_UNKNOWN',
    });
    expect(
      world
        .catalog()
        .list('a')
        .map(({ governed }) => governed.name),
    ).toEqual(['law/send', 'law/read']);
    const stopped = await open({});
    await stopped.truth.commit([
      { kind: 'isolation.set', scope: 'all', reason: '', by: 'ana', incident: false, atMs: 0 },
    ]);
    expect(await stopped.canary.send()).toMatchObject({ answer: 'denied' });
  });
});
