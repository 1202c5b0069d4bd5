import { describe, expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import { type FlowFacts, unassessedFlow } from '../model/flow-facts.ts';
import { leastLabel } from '../model/label.ts';
import { manifestSchema } from '../model/manifest.ts';
import type { User } from '../model/principal.ts';
import { buildKernel } from './build-kernel.ts';
import { governTool } from './govern.ts';
import type { DecisionRequest, Explanation } from './kernel.ts';

/** Every place is in the first column of line 1 of a file named for the path that was asked for. */
const placeOf = (path: readonly (string | number)[]) => ({ file: `<${path.join('.')}>`, line: 1, column: 1 });

interface Rules {
  readonly manifest: object;
  readonly cedar?: string;
}

function explain(
  { manifest, cedar }: Rules,
  agent: string,
  full: string,
  user?: User,
  over: Partial<DecisionRequest> = {},
): Explanation {
  const parsed = manifestSchema.parse({ version: 1, ...manifest });
  const [server = '', name = ''] = full.split('/');
  const schema = { type: 'object', properties: { note: { type: 'string' } } };
  const tool = governTool({ server, name, description: '', inputSchema: schema }, parsed, placeOf);
  const policyFiles = cedar === undefined ? [] : [{ file: 'x.cedar', text: cedar }];
  const { kernel } = buildKernel({
    bundle: digestBytes('rules'),
    manifest: parsed,
    placeOf,
    policyFiles,
    tools: [tool],
  });
  const principal = { tenant: 'default', agent, ...(user && { onBehalfOf: user }) };
  const run = { attested: false, label: leastLabel, task: '' };
  return kernel.explain({ principal, tool, arguments: {}, run, flow: unassessedFlow, nowMs: 0, ...over });
}

const read = { effect: 'read', consequence: 'low' };
const grave = { effect: 'write', consequence: 'high' };
const granted = (grants: object, rest: object = {}) => ({ agents: { bot: { tools: grants, ...rest } } });

describe('the nearest change', () => {
  // Each row: what is, who calls, what is advised, and the rules with the first advice followed.
  it.each<[string, Rules, string, User | undefined, string, Rules, User?]>([
    [
      'a denial',
      { manifest: granted({ 'crm/*': {} }, { deny: ['mail/*', 'crm/*'] }) },
      'crm/get',
      undefined,
      'remove `crm/*` from `deny` at <agents.bot.deny.1>:1:1',
      { manifest: granted({ 'crm/*': {} }, { deny: ['mail/*'] }) },
    ],
    [
      'no grant',
      { manifest: granted({ 'mail/*': {} }) },
      'crm/get',
      undefined,
      'add `crm/get: {}` to `tools` of `bot` at <agents.bot.tools>:1:1',
      { manifest: granted({ 'mail/*': {}, 'crm/get': {} }) },
    ],
    [
      'no entry',
      { manifest: { mode: 'enforce', tools: { 'crm/get': read } } },
      'crm/get',
      undefined,
      'add an entry `bot: { tools: { crm/get: {} } }` to `agents` at <agents>:1:1',
      { manifest: { mode: 'enforce', tools: { 'crm/get': read }, ...granted({ 'crm/get': {} }) } },
    ],
    [
      'no review',
      { manifest: { mode: 'enforce', ...granted({ 'crm/get': {} }) } },
      'crm/get',
      undefined,
      'declare `crm/get: { effect: read, consequence: low }` in `tools` at <tools.crm/get>:1:1, if that is true of it, or ' +
        'declare `crm/get: { effect: write, consequence: medium }` in `tools` at <tools.crm/get>:1:1, if that is true of it',
      { manifest: { mode: 'enforce', tools: { 'crm/get': read }, ...granted({ 'crm/get': {} }) } },
    ],
    [
      'a user in no group',
      { manifest: granted({ 'crm/*': {} }, { onBehalfOf: ['staff', 'boss'] }) },
      'crm/get',
      { id: 'ann', groups: ['guest'], attributes: {} },
      'put user `ann` in `staff` or `boss`, which `onBehalfOf` at <agents.bot.onBehalfOf>:1:1 requires',
      { manifest: granted({ 'crm/*': {} }, { onBehalfOf: ['staff', 'boss'] }) },
      { id: 'ann', groups: ['guest', 'boss'], attributes: {} },
    ],
    [
      'no user',
      { manifest: granted({ 'crm/*': {} }, { onBehalfOf: ['staff'] }) },
      'crm/get',
      undefined,
      'call on behalf of a user in `staff`, which `onBehalfOf` at <agents.bot.onBehalfOf>:1:1 requires',
      { manifest: granted({ 'crm/*': {} }, { onBehalfOf: ['staff'] }) },
      { id: 'ann', groups: ['staff'], attributes: {} },
    ],
    [
      'a required approval',
      { manifest: granted({ 'crm/*': { approval: 'required' } }) },
      'crm/get',
      undefined,
      'remove `approval: required` of `crm/*` at <agents.bot.tools.crm/*.approval>:1:1',
      { manifest: granted({ 'crm/*': {} }) },
    ],
    [
      'a high consequence',
      { manifest: { tools: { 'crm/wipe': grave }, ...granted({ 'crm/wipe': {} }) } },
      'crm/wipe',
      undefined,
      'write `approval: never` in the grant of `crm/wipe` at <agents.bot.tools.crm/wipe>:1:1',
      { manifest: { tools: { 'crm/wipe': grave }, ...granted({ 'crm/wipe': { approval: 'never' } }) } },
    ],
    [
      'a high consequence behind a wildcard',
      { manifest: { tools: { 'crm/wipe': grave }, ...granted({ '*': {} }) } },
      'crm/wipe',
      undefined,
      'add `crm/wipe: { approval: never }` to `tools` of `bot` at <agents.bot.tools>:1:1',
      { manifest: { tools: { 'crm/wipe': grave }, ...granted({ '*': {}, 'crm/wipe': { approval: 'never' } }) } },
    ],
    [
      'a forbid in a file',
      { manifest: granted({ 'crm/*': {} }), cedar: '\n @id("no") forbid (principal, action, resource);' },
      'crm/get',
      undefined,
      'remove or narrow policy `no` at x.cedar:2:2',
      { manifest: granted({ 'crm/*': {} }) },
    ],
    [
      'two things at once',
      { manifest: granted({}, { deny: ['crm/*'] }) },
      'crm/get',
      undefined,
      'remove `crm/*` from `deny` at <agents.bot.deny.0>:1:1 and add `crm/get: {}` to `tools` of `bot` at <agents.bot.tools>:1:1',
      { manifest: granted({ 'crm/get': {} }) },
    ],
    [
      'three things at once',
      { manifest: granted({}, { deny: ['crm/*', '*'] }) },
      'crm/get',
      undefined,
      'remove `crm/*` from `deny` at <agents.bot.deny.0>:1:1 and remove `*` from `deny` at <agents.bot.deny.1>:1:1' +
        ' and add `crm/get: {}` to `tools` of `bot` at <agents.bot.tools>:1:1',
      { manifest: granted({ 'crm/get': {} }) },
    ],
  ])('for %s', (_, rules, tool, user, advice, changed, changedUser) => {
    const before = explain(rules, 'bot', tool, user);
    expect(before.decision.verdict).not.toBe('permit');
    expect(before.decision.nearestChange).toBe(advice);
    const after = explain(changed, 'bot', tool, changedUser ?? user);
    expect(after.decision.verdict).toBe('permit');
    expect(after.decision.nearestChange).toBeUndefined();
  });

  it('may be one after which a person is asked', () => {
    const manifest = { tools: { 'crm/wipe': grave }, ...granted({ '*': {} }, { deny: ['crm/*'] }) };
    expect(explain({ manifest }, 'bot', 'crm/wipe').decision.nearestChange).toBe(
      'remove `crm/*` from `deny` at <agents.bot.deny.0>:1:1; a person is then asked',
    );
  });

  it('offers alternatives of the same size, and never two about the same thing', () => {
    const { nearestChange } = explain({ manifest: {} }, 'bot', 'crm/frobnicate').decision;
    expect(nearestChange?.split(', or ')).toEqual([
      'add an entry `bot: { tools: { crm/frobnicate: { approval: never } } }` to `agents` at <agents>:1:1',
      'declare `crm/frobnicate: { effect: read, consequence: low }` in `tools` at <tools.crm/frobnicate>:1:1, if that is true of it',
      'declare `crm/frobnicate: { effect: write, consequence: low }` in `tools` at <tools.crm/frobnicate>:1:1, if that is true of it',
    ]);
  });

  it('is what would have permitted it, where `observe` let it pass', () => {
    const { decision } = explain({ manifest: { mode: 'observe', ...granted({}) } }, 'bot', 'crm/get');
    expect(decision).toMatchObject({ verdict: 'permit', observed: 'deny' });
    expect(decision.nearestChange).toContain('add `crm/get: {}`');
  });
});

describe('the nearest change where flow objects', () => {
  const sink = { code: 'E_TAINT_SINK', message: 'note: from nowhere', path: '/note' } as const;
  const item = { code: 'E_TAINT_SINK', message: 'items[].url: from nowhere', path: '/items/0/url' } as const;
  const unasked = { code: 'E_TASK_UNASKED', message: 'no words of the prompt ask for this' } as const;
  const egress = { code: 'E_TAINT_EGRESS', message: 'secret data would leave' } as const;
  const flowOf = (...reasons: FlowFacts['reasons'][number][]): Partial<DecisionRequest> => ({
    flow: { ...unassessedFlow, verdict: 'ask', reasons },
    run: { attested: true, label: leastLabel, task: '' },
  });
  const named =
    'have the user’s prompt name the value of `note`, or add it to `allow` of `note` of `crm/get` at <tools.crm/get.arguments.note>:1:1';
  it.each<[string, object, Partial<DecisionRequest>, string | undefined]>([
    ['a value', {}, flowOf(sink), named],
    ['two objections to one value', {}, flowOf(sink, { ...sink, message: 'again' }), named],
    [
      'a value in a list',
      {},
      flowOf(item),
      'have the user’s prompt name the value of `items[].url`, or add it to `allow` of `items[].url` of `crm/get` at <tools.crm/get.arguments.items[].url>:1:1',
    ],
    ['the task', {}, flowOf(unasked), 'have the user’s prompt ask for this call'],
    ['what leaves', {}, flowOf(egress), 'make the call in a run that has not read what must not leave by it'],
    ['the value and the task', {}, flowOf(sink, unasked), `${named} and have the user’s prompt ask for this call`],
    [
      'a value, where no prompt is attested',
      {},
      { flow: { ...unassessedFlow, verdict: 'deny', reasons: [sink] } },
      `start the run with the user’s own prompt, attested, and have it ${named.slice('have the user’s prompt '.length)}`,
    ],
    [
      'the value of a call that is denied besides',
      { deny: ['crm/*'] },
      flowOf(sink),
      'remove `crm/*` from `deny` at <agents.bot.deny.0>:1:1; a person is then asked',
    ],
    ['something it does not tell', {}, { flow: { ...unassessedFlow, verdict: 'deny' } }, undefined],
  ])('answers an objection to %s', (_, rest, over, advice) => {
    const manifest = granted({ 'crm/get': {} }, rest);
    const { decision } = explain({ manifest }, 'bot', 'crm/get', undefined, over);
    expect(decision.verdict).not.toBe('permit');
    expect(decision.nearestChange).toBe(advice);
  });

  it('names the flow, and the reading, where the manifest says what must not follow what', () => {
    const manifest = {
      ...granted({ 'crm/*': {} }),
      flows: [
        { from: 'mail/*', to: 'outside' },
        { from: 'hr/get', to: 'crm/*' },
      ],
    };
    const read = (...origins: string[]): Partial<DecisionRequest> => ({
      run: { attested: false, label: { ...leastLabel, origins }, task: '' },
    });
    const once = explain({ manifest }, 'bot', 'crm/get', undefined, read('mail/list', 'mail/get'));
    expect(once.decision.reasons.map(({ policy }) => policy)).toEqual(['flows.mail/*.outside']);
    expect(once.decision.nearestChange).toBe(
      'make the call in a run that has not read `mail/*`, or remove the flow from `mail/*` to `outside` at <flows.0>:1:1',
    );
    const twice = explain({ manifest }, 'bot', 'crm/get', undefined, read('mail/list', 'hr/get')).decision;
    expect(twice.nearestChange).toContain(
      'make the call in a run that has not read `mail/*` and make the call in a run that has not read `hr/get`',
    );
  });

  it('shows which rule gave the objection its force', () => {
    const { trace } = explain({ manifest: granted({ 'crm/*': {} }) }, 'bot', 'crm/get', undefined, flowOf(sink));
    expect(trace.filter((step) => step.determining)).toEqual([
      expect.objectContaining({ id: 'flow.ask', kind: 'ask', outcome: 'satisfied' }),
    ]);
  });
});

describe('the trace', () => {
  it('tells what every policy did', () => {
    const manifest = {
      agents: {
        bot: { onBehalfOf: ['staff'], tools: { 'crm/*': {} }, deny: ['mail/*'] },
        other: { tools: { '*': {} } },
      },
    };
    const cedar = [
      '@id("never") @ask("?") forbid (principal, action, resource) when { context.run.attested };',
      '@id("fails") forbid (principal, action, resource) when { context.now.offset(duration("9223372036854775807ms")) == context.now && context.run.attested };',
      '@id("hard") forbid (principal, action, resource);',
    ].join('\n');
    const user = { id: 'ann', groups: ['staff'], attributes: {} };
    const { decision, trace } = explain({ manifest, cedar }, 'bot', 'crm/get', user);
    expect(decision.reasons.map((reason) => reason.policy)).toEqual(['hard']);
    expect(
      trace.map(({ id, kind, outcome, determining }) => `${id} ${kind} ${outcome}${determining ? ' !' : ''}`),
    ).toEqual([
      'flow.deny forbid unsatisfied',
      'flow.ask ask unsatisfied',
      'default.permit permit unsatisfied',
      'default.ask-write ask unsatisfied',
      'default.ask-high ask unsatisfied',
      'agents.bot.onBehalfOf forbid unsatisfied',
      'agents.bot.tools.crm/* permit satisfied',
      'agents.bot.ask-high ask unsatisfied',
      'agents.bot.ask-undeclared ask unsatisfied',
      'agents.bot.deny.mail/* forbid out-of-scope',
      'agents.other.tools.* permit out-of-scope',
      'agents.other.ask-high ask out-of-scope',
      'agents.other.ask-undeclared ask out-of-scope',
      'never ask unsatisfied',
      'fails forbid unsatisfied',
      'hard forbid satisfied !',
    ]);
    expect(trace.find((step) => step.id === 'hard')).toMatchObject({
      explicit: true,
      place: { file: 'x.cedar', line: 3 },
    });
  });

  it('agrees with `decide`', () => {
    const { decision, trace } = explain({ manifest: granted({ 'crm/*': {} }) }, 'bot', 'crm/get');
    expect(decision.verdict).toBe('permit');
    expect(trace.filter((step) => step.determining).map((step) => step.id)).toEqual(['agents.bot.tools.crm/*']);
  });
});
