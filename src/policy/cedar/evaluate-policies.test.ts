import { describe, expect, it } from 'vitest';
import type { CedarRequest, Entity } from './cedar-request.ts';
import { compilePolicies } from './compile-policies.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import { parsePolicies } from './parse-policies.ts';
import { CedarRecord, CedarSet, EntityUid, Opaque, type Value } from './value.ts';

const alice = new EntityUid('User', 'alice');
const staff = new EntityUid('Group', 'staff');
const nobody: Entity = { uid: alice, attributes: new CedarRecord(new Map()), ancestors: new Map([[staff.key, staff]]) };

function ask(text: string, context: Record<string, Value> = {}) {
  const request: CedarRequest = {
    principal: alice,
    action: new EntityUid('Action', 'read'),
    resource: new EntityUid('File', 'f'),
    context: new CedarRecord(new Map(Object.entries(context))),
    entities: new Map([[alice.key, nobody]]),
  };
  const { permits, forbids, errors } = evaluatePolicies(compilePolicies(parsePolicies([{ file: 'p', text }])), request);
  return {
    permits: permits.map((policy) => policy.id),
    forbids: forbids.map((policy) => policy.id),
    errors: errors.map((error) => `${error.policy.id}: ${error.message}`),
  };
}

const when = (body: string) => `permit(principal, action, resource) when { ${body} };`;

describe('evaluatePolicies', () => {
  it('reports permits, forbids and errors side by side', () => {
    const text = `${when('true')} forbid(principal in Group::"staff", action, resource); ${when('context.missing')} ${when('false')}`;
    expect(ask(text)).toEqual({
      permits: ['p#1'],
      forbids: ['p#2'],
      errors: ['p#3: the record does not have the attribute `missing`'],
    });
  });

  it('does not evaluate what is out of scope, errors included', () => {
    const scopes = [
      '(principal == User::"bob", action, resource)',
      '(principal in Group::"other", action, resource)',
      '(principal is Robot, action, resource)',
      '(principal is Robot in Group::"staff", action, resource)',
      '(principal, action == Action::"write", resource)',
      '(principal, action in [Action::"write"], resource)',
      '(principal, action in [], resource)',
      '(principal, action, resource is Folder)',
    ];
    const text = scopes.map((scope) => `permit${scope} when { context.missing };`).join('\n');
    expect(ask(text)).toEqual({ permits: [], forbids: [], errors: [] });
  });

  it('counts a policy once, however many of its actions apply', () => {
    expect(ask('permit(principal, action in [Action::"read", Action::"read"], resource);').permits).toEqual(['p#1']);
  });

  it.each([
    ['9007199254740991 + 1 == 9007199254740992', true],
    ['9223372036854775807 == 9223372036854775806 + 1', true],
    ['9223372036854775807 == 9223372036854775806', false],
    ['-9223372036854775808 < -9223372036854775807', true],
  ])('leaves literals that JSON rounds to Cedar: %s', (body, holds) => {
    const [compiled] = compilePolicies(parsePolicies([{ file: 'p', text: when(body) }])).policies;
    expect(compiled?.holds).toBeUndefined();
    expect(ask(when(body)).permits).toEqual(holds ? ['p#1'] : []);
  });

  it('reports an error of a policy Cedar evaluates', () => {
    expect(ask(when('9223372036854775807 + 1 == 0')).errors).toEqual([expect.stringMatching(/^p#1: integer overflow/)]);
  });

  describe('with a value Cedar cannot express', () => {
    const context = { odd: new Opaque('it is null'), list: new CedarSet(['a']) };
    it.each([
      'context.odd == 1',
      'context.odd != 1',
      'context == {"odd": 1, "list": ["a"]}',
      '[context].contains({})',
      'context has odd.inner',
      'context has odd && context.odd == 1',
      // Cedar is handed all of the request or nothing.
      '9223372036854775807 == 9223372036854775807',
    ])('fails what reads it: %s', (body) => {
      expect(ask(when(body), context)).toEqual({
        permits: [],
        forbids: [],
        errors: ['p#1: the value cannot be expressed in Cedar: it is null'],
      });
    });

    it.each(['context has odd', 'context.list.contains("a")', 'context != {}'])('lets be what does not: %s', (body) => {
      expect(ask(when(body), context).permits).toEqual(['p#1']);
    });
  });

  it('answers hostile depth with an error, not a crash', () => {
    let deep: Value = 1;
    for (let i = 0; i < 50_000; i++) deep = new CedarRecord(new Map([['a', deep]]));
    expect(
      ask(when('context.a == context.b'), { a: deep, b: new CedarRecord(new Map([['a', deep]])) }).permits,
    ).toEqual([]);
    expect(ask(when('[context.a].isEmpty()'), { a: deep }).errors).toEqual([
      'p#1: the evaluation needs too much memory or depth',
    ]);
  });
});
