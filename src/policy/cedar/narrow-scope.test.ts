import { describe, expect, it } from 'vitest';
import type { CedarRequest, Entity } from './cedar-request.ts';
import { compilePolicies } from './compile-policies.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import { parsePolicies } from './parse-policies.ts';
import { CedarRecord, EntityUid, Opaque, type Value } from './value.ts';

const ann = new EntityUid('User', 'ann');
const staff = new EntityUid('Group', 'staff');
const get = new EntityUid('Action', 'get');
const read = new EntityUid('Action', 'read');
const file = new EntityUid('File', 'f');

function entity(uid: EntityUid, ancestor?: EntityUid): [string, Entity] {
  const attributes = new CedarRecord(new Map<string, Value>([['name', uid.id]]));
  return [uid.key, { uid, attributes, ancestors: new Map(ancestor ? [[ancestor.key, ancestor]] : []) }];
}

const request: CedarRequest = {
  principal: ann,
  action: get,
  resource: file,
  context: new CedarRecord(
    new Map<string, Value>([
      ['effect', 'read'],
      ['flag', true],
      ['count', 1],
      ['who', ann],
      ['odd', new Opaque('it is null')],
      ['run', new CedarRecord(new Map([['state', 'open']]))],
    ]),
  ),
  entities: new Map([entity(ann, staff), entity(get, read), entity(file)]),
};

/** A condition that fails wherever it is evaluated: with it, nothing that is evaluated goes unnoticed. */
const FAILS = '(1 + 9223372036854775807) == 1';

function look(text: string): { found: number; inScope: number; outcome: string } {
  const compiled = compilePolicies(parsePolicies([{ file: 'p', text }]));
  const { permits, errors } = evaluatePolicies(compiled, request);
  return {
    found: compiled.index.find(request).length,
    inScope: compiled.inScope(request).length,
    outcome: permits.length > 0 ? 'permit' : errors.length > 0 ? 'error' : 'none',
  };
}

describe('a policy is left out where what it looks at first is something else', () => {
  it.each([
    'principal == User::"bob"',
    'principal in Group::"guests"',
    'principal is Group',
    'action == Action::"set"',
    'action in Action::"write"',
    'action in [Action::"write", Action::"set"]',
    'resource == File::"g"',
    'context.effect == "write"',
    '"write" == context.effect',
    'context.flag == false',
    'context.who == User::"bob"',
    'context.run.state == "closed"',
    'principal.name == "bob"',
    'resource.name == "g" && context.none == "x"',
    'context.effect == "read" && context.flag == false',
    'context.effect == "read" && principal == User::"bob"',
    'principal == User::"ann" && principal == User::"bob" && context.effect == "write"',
  ])('%s', (head) => {
    const text = `permit (principal, action, resource) when { ${head} && ${FAILS} };`;
    expect(look(text)).toEqual({ found: 0, inScope: 1, outcome: 'none' });
    const clauses = `permit (principal, action, resource) when { ${head} } when { ${FAILS} };`;
    expect(look(clauses)).toEqual({ found: 0, inScope: 1, outcome: 'none' });
  });
});

describe('a policy is evaluated', () => {
  it.each([
    // it looks at what is so
    'principal == User::"ann"',
    'principal in Group::"staff" && principal is User',
    'action in Action::"read"',
    'action in [Action::"write", Action::"get"]',
    'context.effect == "read" && context.flag == true && context.run.state == "open"',
    'context.who == User::"ann" && principal.name == "ann"',
    // looking fails, which is for the condition to say
    'context.none == "x"',
    'context.odd == "x"',
    'context.effect.more == "x"',
    'context.run.none == "x" && context.flag == false',
    // nothing of the kind is looked at first
    'context.count == 2',
    'context.flag',
    `${FAILS} && principal == User::"bob"`,
    'context.count > 0 && context.effect == "write"',
    'context.count > 0 && principal == User::"bob"',
    'context.effect == "read" || principal == User::"bob"',
    '!(context.effect == "write")',
    'context has none && context.none == "x"',
    'if context.flag then true else false',
    'principal == context.who',
    'principal == resource',
    'action is Action',
  ])('where %s', (head) => {
    expect(look(`permit (principal, action, resource) when { ${head} };`).found).toBe(1);
  });

  it('in the order of its clauses: what comes after an `unless` is not looked at first', () => {
    const text = `permit (principal, action, resource) unless { ${FAILS} } when { context.effect == "write" };`;
    expect(look(text)).toEqual({ found: 1, inScope: 1, outcome: 'error' });
  });

  it('only within the scope that is written', () => {
    const text =
      'permit (principal == User::"bob", action, resource) when { principal is User && context.flag == true };';
    expect(look(text)).toEqual({ found: 0, inScope: 0, outcome: 'none' });
    const types = 'permit (principal is Group, action, resource is File) when { principal == User::"ann" };';
    expect(look(types)).toEqual({ found: 0, inScope: 0, outcome: 'none' });
    const actions = 'permit (principal, action in Action::"write", resource) when { action == Action::"get" };';
    expect(look(actions)).toEqual({ found: 0, inScope: 0, outcome: 'none' });
  });

  it('to an error where a test that is never reached would have left it out', () => {
    const text = 'permit (principal, action, resource) when { context.none == "x" && principal == User::"bob" };';
    expect(look(text)).toEqual({ found: 1, inScope: 1, outcome: 'error' });
  });
});
