import { describe, expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import type { Decision } from '../model/decision.ts';
import { manifestSchema } from '../model/manifest.ts';
import { buildKernel } from './build-kernel.ts';
import { governTools } from './govern.ts';
import type { DecisionRequest } from './kernel.ts';
import { runTestCases, testFileSchema } from './test-cases.ts';

const placeOf = (path: readonly (string | number)[]) => ({ file: `<${path.join('.')}>`, line: 1, column: 1 });
const inputSchema = { type: 'object', properties: { to: { type: 'string' } } };
const offered = ['get', 'send', 'wipe'].map((name) => ({ server: 'mail', name, description: '', inputSchema }));

// Not as a literal: an object that is written with a `then` looks like a promise.
const ask = Object.fromEntries([['then', 'ask']]);

function run(cases: readonly object[], mode = 'provisional') {
  const manifest = manifestSchema.parse({
    version: 1,
    mode,
    tools: { 'mail/send': { effect: 'write', consequence: 'medium' } },
    flows: [
      { from: 'payroll/*', to: 'outside' },
      { from: 'crm/search', to: 'write', ...ask },
    ],
    agents: { bot: { onBehalfOf: ['staff'], tools: { 'mail/*': {} }, deny: ['mail/wipe'] } },
  });
  const { tools } = governTools(offered, manifest, placeOf);
  const policyFiles = [
    {
      file: 'x.cedar',
      text: '@id("tainted") forbid (principal, action, resource) when { context.run.integrity == "untrusted" };',
    },
    { file: 'y.cedar', text: '@id("flagged") forbid (principal, action, resource) when { context.run.flagged };' },
  ];
  const { kernel } = buildKernel({
    bundle: digestBytes('rules'),
    manifest,
    placeOf,
    policyFiles,
    tools: [...tools.values()],
  });
  const checkArguments = (request: DecisionRequest): Decision | undefined => {
    if (request.arguments['to'] !== 'eve') return undefined;
    const reasons = [{ code: 'E_ARGUMENT_CONSTRAINT' as const, message: 'not allowed' }];
    return { verdict: 'deny', reasons, obligations: [], bundle: kernel.bundle };
  };
  const file = testFileSchema.parse({ cases });
  return runTestCases(file, { kernel, tenant: 'default', tools, checkArguments, nowMs: 0 });
}

const staff = { id: 'ann', groups: ['staff'] };
const sending = {
  name: 'one',
  agent: 'bot',
  user: { id: 'ann', groups: ['staff'] },
  tool: 'mail/send',
  expect: 'permit',
};
const base = { name: 'one', agent: 'bot', user: staff, tool: 'mail/get', expect: 'permit' };

describe('runTestCases', () => {
  it.each<[string, object, string | undefined]>([
    ['a permit', base, undefined],
    ['a denial', { ...base, tool: 'mail/wipe', expect: 'deny', reason: 'E_DENIED' }, undefined],
    [
      'a policy named as the reason',
      { ...base, tool: 'mail/wipe', expect: 'deny', reason: 'agents.bot.deny.mail/wipe' },
      undefined,
    ],
    [
      'an argument that does not pass',
      { ...base, arguments: { to: 'eve' }, expect: 'deny', reason: 'E_ARGUMENT_CONSTRAINT' },
      undefined,
    ],
    ['nobody to act for', { ...base, user: undefined, expect: 'deny' }, undefined],
    ['a tainted run', { ...base, run: { integrity: 'untrusted' }, expect: 'deny', reason: 'tainted' }, undefined],
    ['a tool that is not there', { ...base, tool: 'mail/gte', expect: 'deny', reason: 'E_TOOL_UNKNOWN' }, undefined],
    ['an objection of flow', { ...base, flow: { verdict: 'deny' }, expect: 'deny', reason: 'flow.deny' }, undefined],
    ['a question of flow', { ...base, flow: { verdict: 'ask' }, expect: 'ask', reason: 'E_TAINT_SINK' }, undefined],
    [
      'what was read before, which may leave by an argument',
      { ...sending, run: { read: ['payroll/get_slip'] }, expect: 'deny', reason: 'flows.payroll/*.outside' },
      undefined,
    ],
    [
      'what was read before, of a server as a whole',
      { ...sending, run: { read: ['payroll/*'] }, expect: 'deny', reason: 'E_TAINT_EGRESS' },
      undefined,
    ],
    [
      'what was read before, which stays inside',
      { ...sending, run: { read: ['payroll/get_slip'] }, flow: { outward: false } },
      undefined,
    ],
    ['a read after what must not leave', { ...base, run: { read: ['payroll/get_slip'] } }, undefined],
    [
      'a write after what a person is asked about',
      { ...sending, run: { read: ['crm/search'] }, expect: 'ask', reason: 'flows.crm/search.write' },
      undefined,
    ],
    [
      'instructions in what was read',
      { ...base, run: { flagged: true }, expect: 'deny', reason: 'flagged' },
      undefined,
    ],
    ['another verdict', { ...base, expect: 'ask' }, 'expected ask, got permit (agents.bot.tools.mail/*)'],
    [
      'another code',
      { ...base, tool: 'mail/wipe', expect: 'deny', reason: 'E_NOT_PERMITTED' },
      'expected deny because of code `E_NOT_PERMITTED`, got it because of agents.bot.deny.mail/wipe',
    ],
    [
      'another policy',
      { ...base, tool: 'mail/wipe', expect: 'deny', reason: 'tainted' },
      'expected deny because of policy `tainted`, got it because of agents.bot.deny.mail/wipe',
    ],
  ])('judges %s', (_, testCase, failure) => {
    const report = run([testCase]);
    expect(report.results.map((result) => result.failure)).toEqual([failure]);
    expect([report.passed, report.failed]).toEqual(failure === undefined ? [1, 0] : [0, 1]);
  });

  it('judges by what policy says, in `observe` too', () => {
    const denied = { ...base, agent: 'stranger', tool: 'mail/send', expect: 'ask' };
    expect(run([denied], 'observe').failed).toBe(0);
  });

  it('tells which rules decided a case and which none', () => {
    const { coverage } = run([base, { ...base, name: 'two', tool: 'mail/wipe', expect: 'permit' }]);
    // A case that fails covers too: the rule did decide.
    expect(coverage.covered.map(({ id }) => id)).toEqual(['agents.bot.tools.mail/*', 'agents.bot.deny.mail/wipe']);
    expect(coverage.uncovered.map(({ id }) => id)).toEqual([
      'flow.deny',
      'flow.ask',
      'flows.payroll/*.outside',
      'flows.crm/search.write',
      'default.permit',
      'default.ask-write',
      'default.ask-high',
      'agents.bot.onBehalfOf',
      'agents.bot.ask-high',
      'agents.bot.ask-undeclared',
      'tainted',
      'flagged',
    ]);
  });
});

describe('a file of cases', () => {
  it.each([
    ['an unknown key', { cases: [{ ...base, expects: 'deny' }] }],
    ['no expectation', { cases: [{ ...base, expect: undefined }] }],
    ['an expectation that is no verdict', { cases: [{ ...base, expect: 'allow' }] }],
    ['a tool without a server', { cases: [{ ...base, tool: 'get' }] }],
    ['no case at all', { cases: [] }],
    ['two cases of one name', { cases: [base, base] }],
    ['arguments that are no object', { cases: [{ ...base, arguments: [1] }] }],
  ])('is refused with %s', (_, file) => expect(testFileSchema.safeParse(file).success).toBe(false));
});
