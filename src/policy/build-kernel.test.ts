import { describe, expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import { type FlowFacts, unassessedFlow } from '../model/flow-facts.ts';
import { leastLabel } from '../model/label.ts';
import { type Manifest, manifestSchema } from '../model/manifest.ts';
import type { Principal } from '../model/principal.ts';
import type { Tool } from '../model/tool.ts';
import { buildKernel } from './build-kernel.ts';
import { governTool } from './govern.ts';
import type { DecisionRequest, Kernel } from './kernel.ts';

/** Places that tell which path was asked for: the line counts its steps, the file spells it. */
const placeOf = (path: readonly (string | number)[]) => ({
  file: `chaperone.yaml#${path.join('.')}`,
  line: path.length + 1,
  column: 1,
});
const schema = { type: 'object', properties: { note: { type: 'string' }, days: { type: 'integer' } } };
const tool = (full: string): Tool => {
  const [server = '', name = ''] = full.split('/');
  return { server, name, description: '', inputSchema: schema };
};
const TOOLS = ['mail/search', 'mail/send', 'mail/draft', 'bank/pay', 'bank/list'];
const DECLARED = {
  'mail/search': { effect: 'read', consequence: 'low' },
  'mail/draft': { effect: 'write', consequence: 'low' },
  'mail/send': { effect: 'write', consequence: 'medium' },
  'bank/pay': { effect: 'write', consequence: 'high' },
};

interface World {
  readonly kernel: Kernel;
  readonly warnings: readonly string[];
  decide(agent: string, tool: string, over?: Partial<DecisionRequest> & { user?: Principal['onBehalfOf'] }): string;
  ask(
    agent: string,
    tool: string,
    over?: Partial<DecisionRequest> & { user?: Principal['onBehalfOf'] },
  ): DecisionRequest;
}

function world(manifest: object, cedar: readonly string[] = []): World {
  const parsed: Manifest = manifestSchema.parse({ version: 1, ...manifest });
  const tools = TOOLS.map((full) => governTool(tool(full), parsed, placeOf));
  const policyFiles = cedar.map((text, i) => ({ file: `${i}.cedar`, text }));
  const bundle = digestBytes('rules');
  const { kernel, warnings } = buildKernel({ bundle, manifest: parsed, placeOf, policyFiles, tools });
  const ask: World['ask'] = (agent, full, { user, ...over } = {}) => ({
    principal: { tenant: 'default', agent, ...(user && { onBehalfOf: user }) },
    tool: governTool(tool(full), parsed, placeOf),
    arguments: {},
    run: { attested: false, label: leastLabel, task: '' },
    flow: unassessedFlow,
    nowMs: 0,
    ...over,
  });
  return {
    kernel,
    warnings,
    ask,
    decide: (...call) => {
      const { verdict, observed, reasons } = kernel.decide(ask(...call));
      return `${verdict}${observed ? `, would ${observed}` : ''}: ${reasons.map((reason) => reason.policy ?? reason.code).join(' ')}`;
    },
  };
}

const inGroup = (...groups: string[]) => ({ user: { id: 'ann', groups, attributes: {} } });

describe('provisional, for an agent without an entry', () => {
  const { decide } = world({ tools: DECLARED });
  it.each([
    ['mail/search', 'permit: default.permit'],
    ['bank/list', 'permit: default.permit'],
    ['mail/draft', 'permit: default.permit'],
    ['mail/send', 'ask: default.ask-write'],
    ['bank/pay', 'ask: default.ask-write default.ask-high'],
    ['bank/list_passwords', 'ask: default.ask-high'],
    ['bank/draft', 'ask: default.ask-write'],
    ['bank/frobnicate', 'ask: default.ask-write default.ask-high'],
  ])('%s → %s', (name, expected) => expect(decide('anybody', name)).toBe(expected));
});

describe('grants', () => {
  const agents = {
    support: {
      tools: {
        'mail/*': {},
        'mail/send': { approval: 'never' },
        'bank/list': { approval: 'required' },
        'bank/pay': { approval: 'never' },
      },
      deny: ['bank/pay'],
    },
    teller: { tools: { '*': {} }, deny: ['mail/*'] },
    robot: { tools: { '*': { approval: 'never' } } },
    idle: {},
  };
  const tools = { ...DECLARED, 'bank/list': { effect: 'read', consequence: 'low' } };
  describe.each(['enforce', 'provisional'])('%s', (mode) => {
    const { decide } = world({ mode, tools, agents });
    it.each([
      ['support', 'mail/search', 'permit: agents.support.tools.mail/*'],
      ['support', 'mail/send', 'permit: agents.support.tools.mail/* agents.support.tools.mail/send'],
      ['support', 'bank/list', 'ask: agents.support.tools.bank/list.approval'],
      // forbid wins over a grant, and over a grant that needs no approval
      ['support', 'bank/pay', 'deny: agents.support.deny.bank/pay'],
      ['teller', 'mail/search', 'deny: agents.teller.deny.mail/*'],
      ['teller', 'bank/list', 'permit: agents.teller.tools.*'],
      // where the grant says nothing of approval, the consequence decides
      ['teller', 'bank/pay', 'ask: agents.teller.ask-high'],
      ['robot', 'bank/pay', 'permit: agents.robot.tools.*'],
      ['idle', 'mail/search', 'deny: E_NOT_PERMITTED'],
    ])('%s %s → %s', (agent, name, expected) => expect(decide(agent, name)).toBe(expected));
  });

  it('permits nothing that is not granted, in enforce', () => {
    const { decide } = world({ mode: 'enforce', tools, agents });
    expect(decide('anybody', 'mail/search')).toBe('deny: E_NOT_PERMITTED');
    expect(decide('Support', 'mail/search')).toBe('deny: E_NOT_PERMITTED');
    expect(decide('constructor', 'mail/search')).toBe('deny: E_NOT_PERMITTED');
  });

  it('asks about a granted write that nobody declared', () => {
    const { decide } = world({ agents: { support: { tools: { '*': {}, 'bank/pay': { approval: 'never' } } } } });
    expect(decide('support', 'mail/draft')).toBe('ask: agents.support.ask-undeclared');
    expect(decide('support', 'mail/send')).toBe('ask: agents.support.ask-high agents.support.ask-undeclared');
    expect(decide('support', 'bank/pay')).toBe('permit: agents.support.tools.* agents.support.tools.bank/pay');
    expect(decide('support', 'bank/list')).toBe('permit: agents.support.tools.*');
  });

  it('denies a tool nobody reviewed that turns up in enforce, whatever grants it', () => {
    const { decide, kernel, ask } = world({ mode: 'enforce', tools: DECLARED, agents });
    expect(decide('robot', 'bank/list')).toBe('deny: default.unreviewed');
    expect(kernel.decide(ask('robot', 'bank/new')).reasons[0]?.code).toBe('E_TOOL_UNREVIEWED');
  });
});

describe('onBehalfOf', () => {
  const { decide } = world({ agents: { support: { onBehalfOf: ['staff', 'boss'], tools: { '*': {} } } } });
  it.each([
    ['nobody', {}, 'deny: agents.support.onBehalfOf'],
    ['a user in no group', inGroup(), 'deny: agents.support.onBehalfOf'],
    ['a user in another group', inGroup('Staff', 'staff2'), 'deny: agents.support.onBehalfOf'],
    ['a user in one of the groups', inGroup('x', 'boss'), 'permit: agents.support.tools.*'],
  ])('%s', (_, over, expected) => expect(decide('support', 'mail/search', over)).toBe(expected));
});

describe('Cedar files', () => {
  const agents = { support: { tools: { 'mail/*': {} } } };
  const tools = DECLARED;

  it('add permits, forbids and questions', () => {
    const { decide } = world({ mode: 'enforce', tools, agents }, [
      '@id("pay-small") permit (principal == Chaperone::Agent::"support", action == Chaperone::Action::"bank/pay", resource)' +
        ' when { context.arguments has days && context.arguments.days < 10 };',
      '@id("no-send") @ask("is the address right?") forbid (principal, action == Chaperone::Action::"mail/send", resource);\n' +
        'forbid (principal, action, resource) when { context.run.integrity == "untrusted" };',
    ]);
    expect(decide('support', 'bank/pay', { arguments: { days: 9 } })).toBe('ask: agents.support.ask-high');
    expect(decide('support', 'bank/pay', { arguments: { days: 10 } })).toBe('deny: E_NOT_PERMITTED');
    expect(decide('support', 'mail/send')).toBe('ask: no-send');
    const run = { attested: false, task: '', label: { ...leastLabel, integrity: 'untrusted' as const } };
    expect(decide('support', 'mail/send', { run })).toBe('deny: 1.cedar#2');
  });

  it('deny when they fail, whatever else holds', () => {
    const fails =
      'forbid (principal, action, resource) when { context.now.offset(duration("9223372036854775807ms")) == context.now };';
    const { decide, kernel, ask } = world({ tools, agents }, [fails]);
    const late = { nowMs: 8_000_000_000_000_000 };
    expect(decide('support', 'mail/search', late)).toBe('deny: 0.cedar#1');
    expect(kernel.decide(ask('support', 'mail/search', late)).reasons[0]).toMatchObject({
      code: 'E_POLICY_ERROR',
      place: { file: '0.cedar', line: 1, column: 1 },
    });
  });

  it.each([
    ['that do not parse', 'permit (principal, action, resource', /^0\.cedar:1:\d+: /],
    [
      'with a misspelt attribute',
      '\npermit (principal, action, resource) when { resource.efect == "read" };',
      /^0\.cedar:2:\d+: /,
    ],
    [
      'with an unknown tool',
      'permit (principal, action == Chaperone::Action::"mail/sned", resource);',
      /^0\.cedar:1:1: |mail\/sned/,
    ],
    ['that ask on a permit', ' @ask("sure?") permit (principal, action, resource);', /^0\.cedar:1:2: .*`@ask`/],
    [
      'that take an id of the manifest',
      '@id("agents.support.tools.mail/*") permit (principal, action, resource);',
      /^0\.cedar:1:1: .*taken/,
    ],
  ])('%s are refused at load', (_, text, message) => {
    const load = () => world({ tools, agents }, [text]);
    expect(load).toThrow(
      expect.objectContaining({ code: 'E_POLICY_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('warn of a policy that can never apply', () => {
    const { warnings } = world({ tools, agents }, ['permit (principal, action, resource) when { 1 == 2 };']);
    expect(warnings).toEqual([expect.stringMatching(/^0\.cedar:1:1: /)]);
  });
});

describe('observe', () => {
  const agents = {
    support: {
      onBehalfOf: ['staff'],
      tools: { 'mail/*': {}, 'bank/list': { approval: 'required' } },
      deny: ['mail/draft'],
    },
  };
  const cedar = ['@id("hard") forbid (principal, action == Chaperone::Action::"mail/search", resource);'];
  const soft = ['@id("soft") @ask("sure?") forbid (principal, action == Chaperone::Action::"bank/pay", resource);'];
  const { decide } = world({ mode: 'observe', agents }, [...cedar, ...soft]);
  const staff = inGroup('staff');
  it.each([
    // what policy denies by default, or asks by default, goes on
    ['anybody', 'mail/send', {}, 'permit, would ask: default.ask-write default.ask-high'],
    ['support', 'mail/send', staff, 'permit, would ask: agents.support.ask-high agents.support.ask-undeclared'],
    ['support', 'bank/frobnicate', staff, 'permit, would deny: E_NOT_PERMITTED'],
    // what a person wrote stands
    ['support', 'mail/draft', staff, 'deny: agents.support.deny.mail/draft'],
    ['support', 'bank/list', staff, 'ask: agents.support.tools.bank/list.approval'],
    ['support', 'mail/send', {}, 'deny: agents.support.onBehalfOf'],
    ['support', 'mail/search', staff, 'deny: hard'],
    ['anybody', 'bank/pay', {}, 'ask: default.ask-write default.ask-high soft'],
    // a question that stands where policy would deny
    ['support', 'bank/pay', staff, 'ask, would deny: soft E_NOT_PERMITTED'],
    // what is permitted is not observed
    ['anybody', 'bank/list', {}, 'permit: default.permit'],
  ])('%s %s', (agent, name, over, expected) => expect(decide(agent, name, over)).toBe(expected));
});

describe('flow', () => {
  const objection = { code: 'E_TAINT_SINK', message: 'to: only in text that others wrote', path: '/to' } as const;
  const flow = (over: Partial<FlowFacts>) => ({ flow: { ...unassessedFlow, ...over } });
  const asks = flow({ verdict: 'ask', reasons: [objection] });
  const denies = flow({ verdict: 'deny', reasons: [objection] });
  const proved = flow({ proved: true, authority: 'granted' });
  const agents = {
    support: {
      tools: {
        '*': {},
        'mail/send': { approval: 'never' },
        'mail/draft': { approval: 'required' },
        'bank/list': { approval: 'never' },
      },
    },
  };

  describe.each(['enforce', 'provisional'])('binds policy in %s', (mode) => {
    const tools = Object.fromEntries(TOOLS.map((name) => [name, { effect: 'write', consequence: 'low' }]));
    const { decide } = world({ mode, tools, agents });
    it.each([
      ['bank/pay', asks, 'ask: flow.ask'],
      ['bank/pay', denies, 'deny: flow.deny'],
      // what is granted without approval is not granted with any value
      ['mail/send', asks, 'ask: flow.ask'],
      ['mail/send', denies, 'deny: flow.deny'],
      ['mail/draft', asks, 'ask: flow.ask agents.support.tools.mail/draft.approval'],
      ['bank/pay', proved, 'permit: agents.support.tools.*'],
    ])('%s', (name, over, expected) => expect(decide('support', name, over)).toBe(expected));
  });

  it('never permits what nothing permits', () => {
    const { decide } = world({ mode: 'enforce', tools: DECLARED, agents: { support: {} } });
    expect(decide('support', 'mail/search', proved)).toBe('deny: E_NOT_PERMITTED');
    expect(decide('support', 'mail/search', asks)).toBe('deny: E_NOT_PERMITTED');
  });

  it('tells its own objections as the reasons, under the rule that gave them force', () => {
    const { kernel, ask } = world({ agents });
    expect(kernel.decide(ask('support', 'bank/list', denies)).reasons).toEqual([{ ...objection, policy: 'flow.deny' }]);
    // an objection that says nothing is an objection
    const mute = kernel.decide(ask('support', 'bank/list', flow({ verdict: 'ask' })));
    expect(mute).toMatchObject({ verdict: 'ask', reasons: [{ code: 'E_TAINT_SINK', policy: 'flow.ask' }] });
  });

  describe('that has proved what the user asked for', () => {
    const { decide } = world({ tools: DECLARED, agents });
    it.each([
      // lifts what is asked because nobody listed the agent or declared the tool
      ['anybody', 'mail/send', 'permit: default.permit'],
      ['anybody', 'bank/pay', 'permit: default.permit'],
      // and nothing that a person wrote
      ['support', 'bank/pay', 'ask: agents.support.ask-high'],
      ['support', 'mail/draft', 'ask: agents.support.tools.mail/draft.approval'],
    ])('%s %s → %s', (agent, name, expected) => expect(decide(agent, name, proved)).toBe(expected));
  });

  it('lifts the question about a tool that nobody declared only if that is all there is', () => {
    const { decide } = world({ agents: { support: { tools: { '*': {} } } } });
    expect(decide('support', 'mail/draft')).toBe('ask: agents.support.ask-undeclared');
    expect(decide('support', 'mail/draft', proved)).toBe('permit: agents.support.tools.*');
    const { flow: both } = flow({ proved: true, verdict: 'ask', reasons: [objection] });
    expect(decide('support', 'mail/draft', { flow: both })).toBe('ask: flow.ask');
  });

  describe('in `observe`', () => {
    const { decide } = world({ mode: 'observe', agents });
    const declared = (over: typeof asks) => ({ flow: { ...over.flow, declared: true } });
    it.each([
      ['is let pass where it was inferred', asks, 'permit, would ask: flow.ask'],
      ['is let pass where it was inferred, a denial too', denies, 'permit, would deny: flow.deny'],
      ['stands where a person wrote the sink', declared(asks), 'ask: flow.ask'],
      ['stands where a person wrote the sink, a denial too', declared(denies), 'deny: flow.deny'],
    ])('%s', (_, over, expected) => expect(decide('support', 'bank/list', over)).toBe(expected));
  });
});

describe('flows', () => {
  const asking = Object.fromEntries([['then', 'ask']]); // not as a literal: it would look like a promise
  const flows = [
    { from: 'bank/*', to: 'outside' },
    { from: 'bank/list', to: 'write', ...asking },
    { from: 'mail/search', to: 'bank/pay' },
    { from: 'mail/*', to: 'bank/*', ...asking },
  ];
  const tools = Object.fromEntries(TOOLS.map((name) => [name, { effect: 'write', consequence: 'low' }]));
  const agents = { support: { tools: { '*': {} } } };
  const manifest = {
    mode: 'enforce',
    tools: { ...tools, 'mail/search': { effect: 'read', consequence: 'low' } },
    agents,
    flows,
  };
  const { decide, kernel, ask } = world(manifest);
  const having = (outward: boolean, ...origins: string[]) => ({
    run: { attested: false, task: '', label: { ...leastLabel, origins } },
    flow: { ...unassessedFlow, outward },
  });
  it.each([
    ['mail/send', having(true), 'permit: agents.support.tools.*'],
    ['mail/send', having(true, 'bank/list_passwords'), 'deny: flows.bank/*.outside'],
    ['mail/send', having(false, 'bank/list_passwords'), 'permit: agents.support.tools.*'],
    ['mail/send', having(false, 'bank/list', 'prompt.quote'), 'ask: flows.bank/list.write'],
    // a read that can reach outside is held as a write is
    ['mail/search', having(true, 'bank/list'), 'deny: flows.bank/*.outside'],
    ['mail/search', having(false, 'bank/list'), 'permit: agents.support.tools.*'],
    ['bank/pay', having(false, 'mail/search'), 'deny: flows.mail/search.bank/pay'],
    ['bank/list', having(false, 'mail/search'), 'ask: flows.mail/*.bank/*'],
    ['bank/list', having(false, 'mail/other'), 'ask: flows.mail/*.bank/*'],
    // names that only look alike
    ['bank/pay', having(false, 'mail2/search', 'mail/searching', 'mail'), 'ask: flows.mail/*.bank/*'],
    ['bank/pay', having(false, 'mail2/search', 'mail'), 'permit: agents.support.tools.*'],
  ])('%s, %j', (name, over, expected) => expect(decide('support', name, over)).toBe(expected));

  it('are a person’s controls, with their line', () => {
    expect(kernel.decide(ask('support', 'mail/send', having(true, 'bank/x'))).reasons).toEqual([
      {
        code: 'E_TAINT_EGRESS',
        message: 'this run has read `bank/*`, and this may leave the organisation',
        policy: 'flows.bank/*.outside',
        place: placeOf(['flows', 0]),
      },
    ]);
    const observing = world({ ...manifest, mode: 'observe' });
    expect(observing.decide('support', 'mail/send', having(true, 'bank/x'))).toBe('deny: flows.bank/*.outside');
  });
});

describe('attributes of users', () => {
  const agents = { support: { tools: { 'mail/*': {} } } };
  const policy =
    '@id("seniors") forbid (principal, action, resource) unless { context has user && context.user.attributes has level' +
    ' && context.user.attributes.level >= 3 };';
  const user = (level: string | number) => ({ user: { id: 'ann', groups: [], attributes: { level } } });

  it('are what the manifest types', () => {
    const { decide } = world({ tools: DECLARED, agents, users: { attributes: { level: 'Long' } } }, [policy]);
    expect(decide('support', 'mail/search', user(3))).toBe('permit: agents.support.tools.mail/*');
    expect(decide('support', 'mail/search', user(2))).toBe('deny: seniors');
    // a fact that is not what it was declared to be is a policy that fails, and what fails denies
    expect(decide('support', 'mail/search', user('3'))).toBe('deny: seniors');
    expect(decide('support', 'mail/search')).toBe('deny: seniors');
  });

  it('are nothing that a policy can read otherwise', () => {
    const unguarded =
      'forbid (principal, action, resource) when { context has user && context.user.attributes.level < 3 };';
    expect(() => world({ tools: DECLARED, agents }, [unguarded])).toThrow(
      expect.objectContaining({ code: 'E_POLICY_INVALID', message: expect.stringContaining('level') }),
    );
    // One that looks first is no error to Cedar, but can never apply; and at run time what is not typed cannot be read.
    const guarded = `@id("juniors") ${unguarded.replace('&& ', '&& context.user.attributes has level && ')}`;
    const { decide, warnings } = world({ tools: DECLARED, agents }, [guarded]);
    expect(warnings).toEqual([expect.stringMatching(/^0\.cedar:1:1: /)]);
    expect(decide('support', 'mail/search', user(1))).toBe('deny: juniors');
  });
});

describe('a decision', () => {
  const manifest = {
    mode: 'enforce',
    servers: { mail: { command: 'mail', timeout: '5s' }, bank: { command: 'bank' } },
    tools: {
      ...DECLARED,
      'mail/search': { effect: 'read', consequence: 'low', fields: ['from', 'subject'], timeout: '1s' },
    },
    agents: { support: { tools: { 'mail/*': { fields: ['from'] }, 'mail/draft': {} }, deny: ['bank/*'] } },
  };
  const { kernel, ask } = world(manifest);

  it('names the rule, its place and the bundle', () => {
    expect(kernel.decide(ask('support', 'bank/pay'))).toEqual({
      verdict: 'deny',
      reasons: [
        {
          code: 'E_DENIED',
          message: '`bank/*` is denied to `support`',
          policy: 'agents.support.deny.bank/*',
          place: { file: 'chaperone.yaml#agents.support.deny.0', line: 5, column: 1 },
        },
      ],
      obligations: [],
      bundle: kernel.bundle,
    });
  });

  it('carries every duty that applies, the tool’s own time-out before its server’s', () => {
    expect(kernel.decide(ask('support', 'mail/search')).obligations).toEqual([
      { kind: 'fields', fields: ['from', 'subject'], place: placeOf(['tools', 'mail/search', 'fields']) },
      { kind: 'timeout', timeoutMs: 1_000 },
      { kind: 'fields', fields: ['from'], place: placeOf(['agents', 'support', 'tools', 'mail/*', 'fields']) },
    ]);
    expect(kernel.decide(ask('support', 'mail/draft')).obligations).toContainEqual({
      kind: 'timeout',
      timeoutMs: 5_000,
    });
  });

  it('denies when the kernel itself breaks', () => {
    const broken = { ...ask('support', 'mail/draft'), tool: undefined } as unknown as DecisionRequest; // what cannot be
    expect(kernel.decide(broken)).toMatchObject({ verdict: 'deny', reasons: [{ code: 'E_INTERNAL' }] });
    expect(kernel.explain(broken)).toMatchObject({ decision: { verdict: 'deny' }, trace: [] });
  });
});
