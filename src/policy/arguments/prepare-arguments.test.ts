import { describe, expect, it } from 'vitest';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Constraint } from '../../model/constraint.ts';
import type { Effect } from '../../model/effect.ts';
import type { Principal } from '../../model/principal.ts';
import { hasArgument, prepareArguments } from './prepare-arguments.ts';

const place = { file: 'chaperone.yaml', line: 12, column: 7 };
const ann: Principal = {
  tenant: 'default',
  agent: 'support',
  onBehalfOf: { id: 'ann', groups: [], attributes: { department: 'sales', level: 3 } },
};

function prepare(inputSchema: JsonObject, limits: Readonly<Record<string, Constraint>> = {}, effect: Effect = 'write') {
  const constraints = Object.entries(limits).map(([argument, constraint]) => ({ argument, constraint, place }));
  return prepareArguments(
    { tool: { server: 'mail', name: 'send', description: '', inputSchema }, effect },
    constraints,
  );
}

/** `ok`, or the codes and pointers of the reasons. */
function outcome(check: ReturnType<typeof prepare>, args: unknown, principal = ann): string {
  const checked = check.check(args, principal);
  return checked.ok ? 'ok' : checked.reasons.map(({ code, path }) => `${code} ${path}`).join(', ');
}

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
const text = { type: 'string' };

describe('prepareArguments', () => {
  it.each<[string, unknown, string]>([
    ['what fits', { to: 'x', count: 1 }, 'ok'],
    ['a missing argument', {}, 'E_ARGUMENTS_INVALID '],
    ['a wrong type', { to: 1 }, 'E_ARGUMENTS_INVALID /to'],
    ['an argument with no name in the schema', { to: 'x', cc: 'y' }, 'E_ARGUMENT_UNKNOWN /cc'],
    ['an argument named like a member of every object', { to: 'x', toString: 'y' }, 'E_ARGUMENT_UNKNOWN /toString'],
    ['a prototype key', JSON.parse('{"to":"x","__proto__":{"a":1}}'), 'E_ARGUMENTS_INVALID /__proto__'],
    ['half a surrogate pair', { to: '\ud800' }, 'E_ARGUMENTS_INVALID /to'],
    ['not a number', { to: 'x', count: Number.NaN }, 'E_ARGUMENTS_INVALID /count'],
    ['a list', [], 'E_ARGUMENTS_INVALID '],
    ['a text', 'to', 'E_ARGUMENTS_INVALID '],
    ['an instance of a class', new Date(0), 'E_ARGUMENTS_INVALID '],
    ['more bytes than a call may have', { to: 'x'.repeat(1_048_577) }, 'E_LIMIT '],
  ])('judges %s', (_name, args, expected) => {
    expect(outcome(prepare(object({ to: text, count: { type: 'number' } }, { required: ['to'] })), args)).toBe(
      expected,
    );
  });

  it('refuses what nests too deeply and what cannot be read', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100; depth++) deep = [deep];
    const check = prepare(object({ any: {} }));
    expect(outcome(check, { any: deep })).toMatch(/^E_LIMIT /);
    const throwing = Object.defineProperty({}, 'any', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    expect(outcome(check, throwing)).toBe('E_ARGUMENTS_INVALID ');
  });

  it('returns a copy of its own, without members that have no value, and invents nothing', () => {
    const check = prepare(object({ a: { type: 'string', default: 'chosen' }, n: {}, list: {} }));
    const given = { n: -0, a: undefined, list: [1] };
    const checked = check.check(given, ann);
    given.list.push(2);
    expect(checked).toEqual({ ok: true, arguments: { n: 0, list: [1] } });
    expect(checked.ok && Object.is(checked.arguments['n'], 0)).toBe(true);
    expect(check.check(undefined, ann)).toEqual({ ok: true, arguments: {} });
  });

  it('says which rule, where it stands and what it is about', () => {
    const checked = prepare(object({ to: text }), { to: { allow: ['*@company.com'] } }).check(
      { to: 'eve@evil.example' },
      ann,
    );
    expect(checked).toEqual({
      ok: false,
      reasons: [
        { code: 'E_ARGUMENT_CONSTRAINT', message: '`to` is not one of the values in `allow`', path: '/to', place },
      ],
    });
  });
});

describe('constraints', () => {
  const denied = (path: string) => `E_ARGUMENT_CONSTRAINT ${path}`;

  it.each<[string, Constraint, JsonObject | undefined, unknown, string]>([
    ['allow', { allow: ['a', 'b*'] }, undefined, 'bcd', 'ok'],
    ['allow', { allow: ['a', 'b*'] }, undefined, 'A', denied('/v')],
    ['allow of a number', { allow: ['1', '2'] }, {}, 2, 'ok'],
    ['allow of null', { allow: ['null'] }, {}, null, denied('/v')],
    ['allow of an object', { allow: ['*'] }, {}, { a: 1 }, denied('/v')],
    ['allow, every element', { allow: ['*@company.com'] }, {}, ['a@company.com', 'b@evil.example'], denied('/v/1')],
    ['allow, lists in lists', { allow: ['*@company.com'] }, {}, [['b@evil.example']], denied('/v/0/0')],
    [
      'allow, two addresses in one',
      { allow: ['*@company.com'] },
      undefined,
      'e@evil.example,a@company.com',
      denied('/v'),
    ],
    ['allow, a display name', { allow: ['*@company.com'] }, undefined, 'a@evil.example <x@company.com', denied('/v')],
    ['allow, a line end', { allow: ['note*'] }, undefined, 'note\nBcc: e', denied('/v')],
    ['deny', { deny: ['*@evil.example'] }, undefined, 'a@company.com', 'ok'],
    ['deny, in upper case', { deny: ['*@evil.example'] }, undefined, 'Eve <E@EVIL.example>', denied('/v')],
    ['deny, full-width', { deny: ['secret'] }, undefined, 'ｓecret', denied('/v')],
    ['pattern', { pattern: '[a-z]+' }, undefined, 'abc', 'ok'],
    ['pattern matches the whole', { pattern: '[a-z]+' }, undefined, 'abc1', denied('/v')],
    ['pattern with alternatives matches the whole', { pattern: 'a|b' }, undefined, 'ax', denied('/v')],
    ['pattern and a final line end', { pattern: 'a$' }, undefined, 'a\n', denied('/v')],
    ['min', { min: 1 }, { type: 'number' }, 1, 'ok'],
    ['min', { min: 1 }, { type: 'number' }, 0.5, denied('/v')],
    ['max of a text', { max: 100 }, undefined, '5', denied('/v')],
    ['max', { max: 100 }, { type: 'number' }, 1e9, denied('/v')],
    ['maxLength counts characters', { maxLength: 2 }, undefined, '😀😀', 'ok'],
    ['maxLength', { maxLength: 2 }, undefined, 'abc', denied('/v')],
    ['maxItems', { maxItems: 1 }, {}, ['a'], 'ok'],
    ['maxItems', { maxItems: 1 }, {}, ['a', 'b'], denied('/v')],
    ['an empty list', { allow: ['a'] }, {}, [], 'ok'],
    ['is', { is: 'user.id' }, undefined, 'ann', 'ok'],
    ['is', { is: 'user.id' }, undefined, 'bob', denied('/v')],
    ['is an attribute', { is: 'user.attributes.department' }, undefined, 'sales', 'ok'],
    ['is an attribute of another type', { is: 'user.attributes.level' }, undefined, '3', denied('/v')],
    ['is an attribute every object has', { is: 'user.attributes.constructor' }, {}, 'x', denied('/v')],
    ['is, an empty list', { is: 'user.id' }, {}, [], denied('')],
    ['all that are given', { allow: ['a*'], maxLength: 2 }, undefined, 'abc', denied('/v')],
  ])('%s', (_name, constraint, schema, value, expected) => {
    expect(outcome(prepare(object({ v: schema ?? text }), { v: constraint }), { v: value })).toBe(expected);
  });

  it('needs a user for `is`', () => {
    const check = prepare(object({ v: text }), { v: { is: 'user.id' } });
    expect(outcome(check, { v: 'ann' }, { tenant: 'default', agent: 'support' })).toBe(denied('/v'));
  });

  it('reaches through objects, lists and references', () => {
    const item = { type: 'object', properties: { url: text }, required: ['url'] };
    const schema = object(
      { items: { type: 'array', items: { $ref: '#/$defs/item' } } },
      { $defs: { item }, required: ['items'] },
    );
    for (const path of ['items[].url', 'items.url']) {
      const check = prepare(schema, { [path]: { hosts: ['example.com'] } });
      expect(outcome(check, { items: [{ url: 'https://example.com/' }, { url: 'https://evil.example/' }] })).toBe(
        denied('/items/1/url'),
      );
      expect(outcome(check, { items: [] })).toBe('ok');
    }
  });

  it('finds arguments in free-form objects', () => {
    const check = prepare(object({ options: { type: 'object' } }), { 'options.depth': { max: 3 } });
    expect(outcome(check, { options: { depth: 3 } })).toBe('ok');
    expect(outcome(check, { options: { depth: 4 } })).toBe(denied('/options/depth'));
    expect(outcome(check, { options: {} })).toBe(denied('/options/depth'));
  });

  it.each<[string, JsonObject, Constraint, JsonObject, string]>([
    ['left out, no default known', object({ v: text }), { allow: ['a'] }, {}, denied('/v')],
    ['left out, a default within', object({ v: { ...text, default: 'a' } }), { allow: ['a'] }, {}, 'ok'],
    ['left out, a default outside', object({ v: { ...text, default: 'b' } }), { allow: ['a'] }, {}, denied('/v')],
    [
      'left out, `is` takes no default',
      object({ v: { ...text, default: 'ann' } }),
      { is: 'user.id' },
      {},
      denied('/v'),
    ],
    ['left out, a bound on what is sent', object({ v: text }), { maxLength: 1, maxItems: 1 }, {}, 'ok'],
    [
      'left out with its branch',
      { type: 'object', oneOf: [object({ v: text }, { required: ['v'] }), object({ w: text }, { required: ['w'] })] },
      { allow: ['a'] },
      { w: 'x' },
      'ok',
    ],
    [
      'left out in its branch',
      { type: 'object', anyOf: [object({ v: text }), object({ w: text }, { required: ['w'] })] },
      { allow: ['a'] },
      { w: 'x' },
      denied('/v'),
    ],
  ])('an argument %s', (_name, schema, constraint, args, expected) => {
    expect(outcome(prepare(schema, { v: constraint }), args)).toBe(expected);
  });

  it('puts paths and URLs in the form that was judged', () => {
    const check = prepare(object({ path: text, url: text, note: text }), {
      path: { directories: ['/data'] },
      url: { hosts: ['*.example.com'] },
    });
    const args = { path: '/data/./a//b/../c.txt', url: 'HTTPS://API.Example.com./x', note: ' /data/../x ' };
    expect(check.check(args, ann)).toEqual({
      ok: true,
      arguments: { path: '/data/a/c.txt', url: 'https://api.example.com/x', note: ' /data/../x ' },
    });
  });

  it('does not let the canonical form break the schema', () => {
    const check = prepare(object({ url: { type: 'string', maxLength: 19 } }), { url: { hosts: ['example.com'] } });
    expect(outcome(check, { url: 'https://example.com' })).toBe('E_ARGUMENTS_INVALID /url');
  });

  it.each<[string, Constraint, RegExp]>([
    ['recipient', {}, /^chaperone\.yaml:12:7: `mail\/send` has no argument `recipient`.*did you mean `recipients`\?$/],
    ['options.dept', {}, /there is no `dept`; did you mean `depth`\?$/],
    ['recipients.x', {}, /there is no `x`$/],
    ['recipients', { pattern: '(a)\\1' }, /the limit on `recipients`: the pattern is not RE2 syntax/],
    ['recipients', { hosts: ['https://a/'] }, /an entry of `hosts` is not a host/],
    ['recipients', { directories: ['~/x'] }, /a directory of `directories` starts with `~`/],
  ])('refuses a limit on %s that cannot hold, with its place', (argument, constraint, message) => {
    const schema = object({ recipients: text, options: object({ depth: { type: 'number' } }) });
    expect(() => prepare(schema, { [argument]: constraint })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', message: expect.stringMatching(message) }),
    );
  });

  it('names all problems at once', () => {
    try {
      prepare(object({ a: text }), { b: {}, c: {} });
      expect.unreachable();
    } catch (error) {
      expect(error instanceof Fault && error.message.split('\n')).toHaveLength(2);
    }
  });

  it('tells whether an argument exists, for limits written for many tools', () => {
    const schema = object({ a: object({ b: text }) });
    expect([hasArgument(schema, 'a.b'), hasArgument(schema, 'a.c'), hasArgument({ type: 'object' }, 'a')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('tells a bounded number of reasons', () => {
    const check = prepare(object({ v: {} }), { v: { allow: ['a'] } });
    const checked = check.check({ v: Array.from({ length: 1_000 }, () => 'b') }, ann);
    expect(!checked.ok && checked.reasons.length).toBe(20);
  });
});
