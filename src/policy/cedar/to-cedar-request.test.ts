import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { unassessedFlow } from '../../model/flow-facts.ts';
import type { Principal, User } from '../../model/principal.ts';
import { type GovernedTool, pinTool, type Tool, toolName } from '../../model/tool.ts';
import type { DecisionRequest } from '../kernel.ts';
import { compilePolicies } from './compile-policies.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import { generateCedarSchema, type UserAttributes } from './generate-cedar-schema.ts';
import { parsePolicies } from './parse-policies.ts';
import { toCedarJson } from './to-cedar-json.ts';
import { toCedarRequest } from './to-cedar-request.ts';
import { validatePolicies } from './validate-policies.ts';

const inputSchema: JsonObject = {
  type: 'object',
  $defs: { person: { type: 'object', properties: { email: { type: 'string' } }, required: ['email'] } },
  properties: {
    to: { type: 'array', items: { $ref: '#/$defs/person' } },
    n: { type: 'integer' },
    price: { type: 'number' },
    note: { type: ['string', 'null'] },
    level: { enum: ['a', 'b', null] },
    opt: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
    either: { anyOf: [{ type: 'boolean' }, { type: 'string' }] },
    tuple: { type: 'array', prefixItems: [{ type: 'string' }] },
    tree: { $ref: '#' },
    free: { type: 'object' },
    'odd name': { type: 'string' },
    __entity: { type: 'object' },
  },
};
const tool: Tool = { server: 'crm', name: 'update', description: '', inputSchema };
const governed: GovernedTool = {
  tool,
  name: toolName(tool),
  pin: pinTool(tool),
  effect: 'write',
  consequence: 'high',
  declared: false,
  sinks: [],
};
const userAttributes: UserAttributes = { dept: 'String', level: 'Long', admin: 'Boolean' };
const ann: User = { id: 'ann "x"', groups: ['staff', 'é'], attributes: { dept: 'sales', level: 3, admin: true } };
const { schema, omitted } = generateCedarSchema([governed], { userAttributes });

function requestOf(args: JsonObject, user: User = ann): DecisionRequest {
  const principal: Principal = { tenant: 'default', agent: 'support', onBehalfOf: user };
  const origins = ['prompt.quote', 'source:mail', 'hr/get.v2/all'];
  const label = { integrity: 'untrusted', secrecy: 'internal', origins, flagged: true } as const;
  return {
    principal,
    tool: governed,
    arguments: args,
    run: { attested: true, label, task: 'tidy up' },
    flow: unassessedFlow,
    nowMs: 1_767_225_600_001,
  };
}

const policyOf = (condition: string) =>
  parsePolicies([{ file: 'p', text: `permit(principal, action, resource) when { ${condition} };` }]);

/** Whether a policy that validates holds, or its error. */
function ask(condition: string, args: JsonObject, user?: User): boolean | string {
  const parsed = policyOf(condition);
  validatePolicies(parsed, schema);
  const { permits, errors } = evaluatePolicies(
    compilePolicies(parsed),
    toCedarRequest(requestOf(args, user), userAttributes),
  );
  return errors[0]?.message ?? permits.length === 1;
}

describe('toCedarRequest', () => {
  it('fits the schema it was generated with, as Cedar itself checks', () => {
    const args = {
      to: [{ email: 'a@x' }, { email: 'b@x' }],
      n: -3,
      price: 12.5,
      note: 'x',
      level: 'a',
      opt: true,
      'odd name': 'y',
    };
    for (const user of [{ ...ann, attributes: { dept: 'sales' } }, undefined]) {
      const { onBehalfOf: _, ...alone } = requestOf({}).principal;
      const principal = user ? { ...alone, onBehalfOf: user } : alone;
      const request = toCedarRequest({ ...requestOf(args), principal }, userAttributes);
      const json = toCedarJson(request);
      const entities = json.entities.filter(
        (entity) => !('type' in entity.uid) || entity.uid.type !== 'Chaperone::Action',
      );
      const policies = { staticPolicies: 'permit(principal, action, resource);' };
      const answer = cedar.isAuthorized({ ...json, entities, policies, schema, validateRequest: true });
      expect(answer).toMatchObject({ type: 'success', response: { decision: 'allow' } });
    }
  });

  it.each([
    ['context.arguments has n && context.arguments.n == 5', { n: 5 }, true],
    ['context.arguments has n && context.arguments.n == 5', { n: 5.0 }, true],
    ['context.arguments has n && context.arguments.n == 0', { n: -0 }, true],
    ['context.arguments has price && context.arguments.price == decimal("12.5")', { price: 12.5 }, true],
    ['context.arguments has price && context.arguments.price == decimal("12.0")', { price: 12 }, true],
    [
      'context.arguments has price && context.arguments.price.greaterThan(decimal("0.3"))',
      { price: 0.30001 },
      /four digits/,
    ],
    [
      'context.arguments has price && context.arguments.price.greaterThan(decimal("0.3"))',
      { price: 1e-7 },
      /four digits/,
    ],
    [
      'context.arguments has price && context.arguments.price.greaterThan(decimal("0.3"))',
      { price: 1e21 },
      /four digits/,
    ],
    ['context.arguments has n && context.arguments.n < 3', { n: 2 ** 53 }, /exact integer/],
    ['context.arguments has n && context.arguments.n < 3', { n: 'x' }, /exact integer/],
    ['context.arguments has note', { note: null }, true],
    ['context.arguments has note && context.arguments.note == "x"', { note: null }, /not a string/],
    ['context.arguments has note && context.arguments.note == "x"', {}, false],
    ['context.arguments has opt && context.arguments.opt', { opt: true }, true],
    ['context.arguments has to && context.arguments.to.contains({email: "a"})', { to: [{ email: 'a' }] }, true],
    [
      'context.arguments has to && context.arguments.to.contains({email: "a"})',
      { to: [{ email: 'a', more: 1 }] },
      /an element: its schema/,
    ],
    [
      'context.arguments has to && context.arguments.to.contains({email: "a"})',
      { to: [{ email: null }] },
      /an element: it is not a string/,
    ],
    ['context.arguments has to && context.arguments.to.isEmpty()', { to: 'a@x' }, /not a list/],
    ['context.now == datetime("2026-01-01T00:00:00.001Z")', {}, true],
    [
      'context.run.integrity == "untrusted" && context.run.secrecy == "internal" && context.run.task == "tidy up"',
      {},
      true,
    ],
    ['context.run.read == ["hr/get.v2/all", "hr/*"] && context.run.flagged', {}, true],
    ['context.run.read.contains("hr/get.v2/*") || context.run.read.contains("prompt.quote")', {}, false],
    [
      'context.flow.verdict == "permit" && context.flow.authority == "unknown" && context.flow.outward && !context.flow.proved',
      {},
      true,
    ],
    ['context.effect == "write" && context.consequence == "high" && !resource.declared', {}, true],
    ['context has user && context.user.id == "ann \\"x\\"" && context.user.groups.contains("é")', {}, true],
    ['context has user && context.user.entity in Chaperone::Group::"staff"', {}, true],
    ['context has user && context.user.entity in Chaperone::Group::"other"', {}, false],
    ['context has user && context.user.attributes has level && context.user.attributes.level == 3', {}, true],
    [
      'context has user && context.user.entity.hasTag("dept") && context.user.entity.getTag("dept") == "sales"',
      {},
      true,
    ],
    [
      'context has user && context.user.entity.hasTag("level") && context.user.entity.getTag("level") == "3"',
      {},
      /not a string/,
    ],
    ['principal == Chaperone::Agent::"support" && principal.tenant == "default"', {}, true],
    [
      'action in Chaperone::Action::"crm/*" && action in Chaperone::Action::"write" && action in Chaperone::Action::"*"',
      {},
      true,
    ],
    ['action in Chaperone::Action::"read"', {}, false],
    ['resource in Chaperone::Server::"crm"', {}, true],
  ] as [string, Record<string, JsonValue>, boolean | RegExp][])('%s with %j: %s', (condition, args, expected) => {
    const answer = ask(condition, args);
    if (expected instanceof RegExp) expect(answer).toMatch(expected);
    else expect(answer).toBe(expected);
  });

  it('has no user where nobody is attested', () => {
    const { onBehalfOf: _, ...alone } = requestOf({}).principal;
    expect(toCedarRequest({ ...requestOf({}), principal: alone }).context.members.has('user')).toBe(false);
  });

  it('fails on a fact that is not what it was declared to be', () => {
    const user: User = { ...ann, attributes: { level: 'three' } };
    const condition = 'context has user && context.user.attributes has level && context.user.attributes.level < 5';
    expect(ask(condition, {}, user)).toMatch(/exact integer/);
  });

  it('lists what policies cannot mention', () => {
    expect(omitted.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      'either: it may be of several types, or of a type Cedar does not have',
      'tuple: a tuple has no Cedar type',
      expect.stringMatching(/^tree(\.tree)*.*: /),
      ...omitted.slice(3, -1).map(() => expect.any(String)),
      '__entity: the name is reserved',
    ]);
  });

  it('never hands Cedar an argument that is written like one of its escapes', () => {
    const args = { free: { __entity: { type: 'Chaperone::Agent', id: 'root' } } };
    expect(() => toCedarJson(toCedarRequest(requestOf(args)))).toThrow(/cannot be/);
  });
});
