import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../model/manifest.ts';
import { generateCedarSchema } from './cedar/generate-cedar-schema.ts';
import { parsePolicies } from './cedar/parse-policies.ts';
import { validatePolicies } from './cedar/validate-policies.ts';
import { compileManifest, printPolicies } from './compile-manifest.ts';
import { governTool } from './govern.ts';
import { quoteCedar } from './quote-cedar.ts';

const placeOf = (path: readonly (string | number)[]) => ({ file: `<${path.join('.')}>`, line: 7, column: 3 });
const manifest = (input: object) => manifestSchema.parse({ version: 1, ...input });

// Not as a literal: an object that is written with a `then` looks like a promise.
const asking = (from: string, to: string) => ({ from, to, ...Object.fromEntries([['then', 'ask']]) });

const example = manifest({
  flows: [{ from: 'payroll/*', to: 'outside' }, asking('web/search', 'write'), { from: 'crm/*', to: 'mail/*' }],
  agents: {
    support: {
      onBehalfOf: ['group/staff', 'group/"boss"'],
      tools: {
        'mail/*': { approval: 'required' },
        'crm/search': { approval: 'never' },
        'crm/*': { approval: 'never' },
      },
      deny: ['billing/*', 'crm/export', 'billing/*'],
    },
  },
});

describe('compileManifest', () => {
  it('writes Cedar that a person can read', () => {
    expect(printPolicies(compileManifest(example, placeOf))).toMatchInlineSnapshot(`
      "// <mode>:7:3
      @id("flow.deny")
      forbid (principal, action, resource)
      when { context.flow.verdict == "deny" };

      // <mode>:7:3
      @id("flow.ask")
      @ask("not every value of this call comes from a trusted place")
      forbid (principal, action, resource)
      when { context.flow.verdict == "ask" };

      // <flows.0>:7:3
      @id("flows.payroll/*.outside")
      forbid (principal, action, resource)
      when { context.run.read.contains("payroll/*") }
      when { context.flow.outward };

      // <flows.1>:7:3
      @id("flows.web/search.write")
      @ask("this run has read \`web/search\`, and this changes something")
      forbid (principal, action in Chaperone::Action::"write", resource)
      when { context.run.read.contains("web/search") };

      // <flows.2>:7:3
      @id("flows.crm/*.mail/*")
      forbid (principal, action, resource in Chaperone::Server::"mail")
      when { context.run.read.contains("crm/*") };

      // <agents>:7:3
      @id("default.permit")
      permit (principal, action, resource)
      unless { [Chaperone::Agent::"support", Chaperone::Agent::"chaperone:canary"].contains(principal) };

      // <agents>:7:3
      @id("default.ask-write")
      @ask("the tool may write, and the agent has no entry in the manifest that grants it")
      forbid (principal, action, resource)
      when { resource.effect == "write" }
      unless { resource.declared && resource.consequence == "low" }
      unless { context.flow.proved }
      unless { [Chaperone::Agent::"support", Chaperone::Agent::"chaperone:canary"].contains(principal) };

      // <agents>:7:3
      @id("default.ask-high")
      @ask("the tool can do much harm, and the agent has no entry in the manifest that grants it")
      forbid (principal, action, resource)
      when { resource.consequence == "high" }
      unless { context.flow.proved }
      unless { [Chaperone::Agent::"support", Chaperone::Agent::"chaperone:canary"].contains(principal) };

      // <agents.support.onBehalfOf>:7:3
      @id("agents.support.onBehalfOf")
      forbid (principal == Chaperone::Agent::"support", action, resource)
      unless { context has user && context.user.groups.containsAny(["group/staff", "group/\\"boss\\""]) };

      // <agents.support.tools.mail/*>:7:3
      @id("agents.support.tools.mail/*")
      permit (principal == Chaperone::Agent::"support", action, resource in Chaperone::Server::"mail");

      // <agents.support.tools.crm/search>:7:3
      @id("agents.support.tools.crm/search")
      permit (principal == Chaperone::Agent::"support", action, resource == Chaperone::Tool::"crm/search");

      // <agents.support.tools.crm/*>:7:3
      @id("agents.support.tools.crm/*")
      permit (principal == Chaperone::Agent::"support", action, resource in Chaperone::Server::"crm");

      // <agents.support.tools.mail/*.approval>:7:3
      @id("agents.support.tools.mail/*.approval")
      @ask("\`mail/*\` is granted to \`support\` with \`approval: required\`")
      forbid (principal == Chaperone::Agent::"support", action, resource in Chaperone::Server::"mail");

      // <agents.support.tools>:7:3
      @id("agents.support.ask-high")
      @ask("the tool can do much harm, and no grant says \`approval: never\`")
      forbid (principal == Chaperone::Agent::"support", action, resource)
      when { resource.consequence == "high" }
      unless { resource in [Chaperone::Server::"crm"] || resource in [Chaperone::Tool::"crm/search"] };

      // <agents.support.tools>:7:3
      @id("agents.support.ask-undeclared")
      @ask("the tool may write, nobody declared how much harm that can do, and no grant says \`approval: never\`")
      forbid (principal == Chaperone::Agent::"support", action, resource)
      when { resource.effect == "write" && !resource.declared }
      unless { context.flow.proved }
      unless { resource in [Chaperone::Server::"crm"] || resource in [Chaperone::Tool::"crm/search"] };

      // <agents.support.deny.0>:7:3
      @id("agents.support.deny.billing/*")
      forbid (principal == Chaperone::Agent::"support", action, resource in Chaperone::Server::"billing");

      // <agents.support.deny.1>:7:3
      @id("agents.support.deny.crm/export")
      forbid (principal == Chaperone::Agent::"support", action, resource == Chaperone::Tool::"crm/export");
      "
    `);
  });

  it('writes nothing for an agent in `enforce` but what its entry says', () => {
    const ids = (mode: string) =>
      compileManifest({ ...example, ...manifest({ mode }), agents: {} }, placeOf).map(({ id }) => id);
    const flow = ['flow.deny', 'flow.ask'];
    expect(ids('enforce')).toEqual([...flow, 'default.unreviewed']);
    expect(ids('provisional')).toEqual([...flow, 'default.permit', 'default.ask-write', 'default.ask-high']);
    expect(ids('observe')).toEqual(ids('provisional'));
  });

  it.each(['enforce', 'provisional'])(
    'writes what Cedar accepts under its own schema, whatever the names: %s',
    (mode) => {
      const words = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), { numRuns: 40, seed: 7 });
      const names = ['");permit(principal,action,resource);//', '\\', "'", ...words].filter(
        (text) => !/[\s*]/.test(text),
      );
      const patterns = ['*', 'mail/*', 'crm/*', ...names.map((name) => `mail/${name}`)];
      const approvals = [{}, { approval: 'required' }, { approval: 'never' }];
      const grants = patterns.map((pattern, i) => [pattern, approvals[i % 3]]);
      const parsed = manifest({
        mode,
        flows: names.flatMap((name) => [
          { from: `mail/${name}`, to: 'outside' },
          asking('mail/*', `mail/${name}`),
          { from: `mail/${name}`, to: 'write' },
        ]),
        agents: {
          a: { onBehalfOf: names, tools: Object.fromEntries(grants), deny: patterns },
          'B.2': { tools: { 'mail/*': { approval: 'never' }, 'mail/x': { approval: 'never' } } },
        },
      });
      const compiled = compileManifest(parsed, placeOf);
      const policies = parsePolicies(compiled.map(({ text, place }) => ({ file: 'x', text, place })));
      expect(policies.map(({ id, effect, annotations }) => [id, effect, 'ask' in annotations])).toEqual(
        compiled.map(({ id, kind }) => [id, kind === 'permit' ? 'permit' : 'forbid', kind === 'ask']),
      );
      const tool = { server: 'mail', name: 'get', description: '', inputSchema: { type: 'object' } };
      validatePolicies(policies, generateCedarSchema([governTool(tool, parsed, placeOf)]).schema);
      expect(compiled.filter(({ kind, explicit }) => kind === 'permit' && explicit)).toEqual([]);
    },
  );
});

describe('quoteCedar', () => {
  it.each([
    ['plain text', '"plain text"'],
    ['a "quoted" \\ one', '"a \\"quoted\\" \\\\ one"'],
    ['a\nb\u0000', '"a\\u{a}b\\u{0}"'],
    ['gr\u00fc\u00df \u{1f600}', '"gr\\u{fc}\\u{df} \\u{1f600}"'],
    ['\u202eevil', '"\\u{202e}evil"'],
  ])('%j', (text, quoted) => expect(quoteCedar(text)).toBe(quoted));
});
