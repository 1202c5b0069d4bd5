import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { compileSchema } from './compile-schema.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const text = { type: 'string' };
const closed = (schema: JsonObject) => compileSchema({ type: 'object', ...schema }, 'closed');
const verdict = (schema: JsonObject, value: JsonValue) => closed(schema).find(value)?.kind ?? 'ok';

// biome-ignore-start lint/suspicious/noThenProperty: it is a keyword of JSON Schema
describe('a closed schema', () => {
  it.each<[string, JsonObject, JsonValue, 'ok' | 'unknown' | 'invalid']>([
    ['names what it takes', { properties: { a: text } }, { a: 'x' }, 'ok'],
    ['refuses the rest', { properties: { a: text } }, { b: 1 }, 'unknown'],
    ['without properties takes nothing at the root', {}, { a: 1 }, 'unknown'],
    ['that says so is free-form at the root', { additionalProperties: true }, { a: 1 }, 'ok'],
    [
      'does not respect `additionalProperties: true` beside names',
      { properties: { a: text }, additionalProperties: true },
      { b: 1 },
      'unknown',
    ],
    [
      'does not respect an empty schema either',
      { properties: { a: text }, additionalProperties: { title: 'Rest' } },
      { b: 1 },
      'unknown',
    ],
    [
      'does not respect `unevaluatedProperties: true`',
      { properties: { a: text }, unevaluatedProperties: true },
      { b: 1 },
      'unknown',
    ],
    ['respects a typed map', { properties: { a: text }, additionalProperties: { type: 'number' } }, { b: 1 }, 'ok'],
    [
      'checks the typed map',
      { properties: { a: text }, additionalProperties: { type: 'number' } },
      { b: 'x' },
      'invalid',
    ],
    ['respects patterns of names', { patternProperties: { '^x-': {} } }, { 'x-a': 1 }, 'ok'],
    ['refuses names outside of patterns', { patternProperties: { '^x-': {} } }, { y: 1 }, 'unknown'],
    ['closes nested objects', { properties: { a: { properties: { b: {} } } } }, { a: { c: 1 } }, 'unknown'],
    ['leaves nested free-form objects', { properties: { a: { type: 'object' } } }, { a: { c: 1 } }, 'ok'],
    [
      'closes a nested object with an empty list of names',
      { properties: { a: { type: 'object', properties: {} } } },
      { a: { c: 1 } },
      'unknown',
    ],
    [
      'closes the elements of lists',
      { properties: { a: { items: { properties: { b: {} } } } } },
      { a: [{ c: 1 }] },
      'unknown',
    ],
    [
      'closes elements by position',
      { properties: { a: { prefixItems: [{ properties: { b: {} } }] } } },
      { a: [{ c: 1 }] },
      'unknown',
    ],
    ['closes the values of maps', { additionalProperties: { properties: { b: {} } } }, { x: { c: 1 } }, 'unknown'],
    ['joins `allOf`', { allOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }, { a: 1, b: 1 }, 'ok'],
    ['closes `allOf`', { allOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }, { c: 1 }, 'unknown'],
    [
      'is not opened by a branch',
      { allOf: [{ additionalProperties: true }, { properties: { a: {} } }] },
      { b: 1 },
      'unknown',
    ],
    [
      'is not opened by a reference',
      {
        allOf: [{ $ref: '#/$defs/any' }, { properties: { a: {} } }],
        $defs: { any: { type: 'object', additionalProperties: true } },
      },
      { b: 1 },
      'unknown',
    ],
    [
      'takes the names of the branch that holds',
      {
        oneOf: [
          { properties: { k: { const: 1 }, a: {} }, required: ['k'] },
          { properties: { k: { const: 2 }, b: {} }, required: ['k'] },
        ],
      },
      { k: 2, b: 1 },
      'ok',
    ],
    [
      'refuses the names of the other branch',
      {
        anyOf: [
          { properties: { k: { const: 1 }, a: {} }, required: ['k'] },
          { properties: { k: { const: 2 }, b: {} }, required: ['k'] },
        ],
      },
      { k: 2, a: 1 },
      'unknown',
    ],
    [
      'takes the names of `then`',
      { if: { properties: { k: { const: 1 } }, required: ['k'] }, then: { properties: { a: {} } } },
      { k: 1, a: 1 },
      'ok',
    ],
    [
      'refuses the names of `then` otherwise',
      {
        properties: { k: {} },
        if: { properties: { k: { const: 1 } }, required: ['k'] },
        then: { properties: { a: {} } },
      },
      { k: 2, a: 1 },
      'unknown',
    ],
    [
      'takes the names of dependent schemas',
      { properties: { a: {} }, dependentSchemas: { a: { properties: { b: {} } } } },
      { a: 1, b: 1 },
      'ok',
    ],
    [
      'follows references',
      { properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { properties: { b: {} } } } },
      { a: { c: 1 } },
      'unknown',
    ],
    [
      'follows anchors',
      { properties: { a: { $ref: '#x' } }, $defs: { y: { $anchor: 'x', properties: { b: {} } } } },
      { a: { b: 1 } },
      'ok',
    ],
    [
      'follows its own name',
      { $id: 'https://a.example/s', properties: { a: { $ref: 'https://a.example/s#/$defs/x' } }, $defs: { x: text } },
      { a: 1 },
      'invalid',
    ],
    [
      'follows references to itself',
      { properties: { next: { $ref: '#' } } },
      { next: { next: { other: 1 } } },
      'unknown',
    ],
    [
      'keeps what `not` rules out',
      { properties: { a: {} }, not: { properties: { a: { properties: { b: { const: 1 } } } }, required: ['a'] } },
      { a: { b: 1, c: 1 } },
      'invalid',
    ],
    [
      'keeps `oneOf` exclusive where closing would make one branch fail',
      { oneOf: [{ properties: { b: { properties: { x: {} } } } }, { properties: { b: {} } }] },
      { b: { c: 1 } },
      'invalid',
    ],
    [
      'keeps `oneOf` exclusive',
      { properties: { a: { oneOf: [{ properties: { b: {} } }, { type: 'object' }] } } },
      { a: { c: 1 } },
      'invalid',
    ],
    [
      'knows draft-07',
      {
        $schema: DRAFT_07,
        properties: { a: { $ref: '#/definitions/x' } },
        definitions: { x: { type: 'array', items: [text], additionalItems: false } },
      },
      { a: ['x', 1] },
      'invalid',
    ],
    ['closes draft-07', { $schema: DRAFT_07, allOf: [{ properties: { a: {} } }] }, { b: 1 }, 'unknown'],
    [
      'knows 2019-09',
      { $schema: 'https://json-schema.org/draft/2019-09/schema', properties: { a: { items: [text] } } },
      { a: [1] },
      'invalid',
    ],
    [
      'keeps patterns apart',
      { properties: { a: { pattern: '^x$' }, b: { pattern: '^y$' } } },
      { a: 'x', b: 'x' },
      'invalid',
    ],
    ['checks formats', { properties: { a: { format: 'email' } } }, { a: 'a b@c' }, 'invalid'],
    ['leaves formats it does not know', { properties: { a: { format: 'colour' } } }, { a: 'a b@c' }, 'ok'],
    [
      'wants its own members, not the prototype’s',
      { required: ['toString'], properties: { toString: {} } },
      {},
      'invalid',
    ],
    [
      'compares items as JSON',
      { properties: { a: { uniqueItems: true } } },
      {
        a: [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      },
      'invalid',
    ],
  ])('%s', (_name, schema, value, expected) => {
    expect(verdict(schema, value)).toBe(expected);
  });

  it.each<[string, JsonObject, RegExp]>([
    [
      'a reference to the network',
      { properties: { a: { $ref: 'https://evil.example/x' } } },
      /references are never fetched/,
    ],
    ['a reference to a file', { properties: { a: { $ref: 'other.json#/x' } } }, /references are never fetched/],
    ['a reference to nothing', { properties: { a: { $ref: '#/$defs/x' } } }, /points to nothing/],
    ['a reference to a prototype', { properties: { a: { $ref: '#/__proto__' } } }, /points to nothing/],
    ['an unknown dialect', { $schema: 'http://json-schema.org/draft-04/schema#' }, /dialect/],
    ['a promise for an answer', { $async: true, properties: {} }, /\$async/],
    ['dynamic references', { properties: { a: { $dynamicRef: '#x' } } }, /\$dynamicRef/],
    ['a schema with a name of its own inside', { properties: { a: { $id: 'x' } } }, /own `\$id`/],
    ['look-ahead', { properties: { a: { pattern: '(?=a)' } } }, /not RE2 syntax/],
    ['a named back-reference', { properties: { a: { pattern: '(?<x>a)\\k<x>' } } }, /back-reference/],
    ['a pattern of names with look-ahead', { patternProperties: { '(?=a)': {} } }, /not RE2 syntax/],
    ['what is not JSON Schema', { properties: { a: { type: 'text' } } }, /not valid JSON Schema/],
    ['code in place of a number', { properties: { a: { maxLength: '0);process.exit(' } } }, /not valid JSON Schema/],
    ['too much of it', { description: 'x'.repeat(300_000) }, /too large/],
  ])('cannot be made of %s', (_name, schema, message) => {
    const refused = expect.objectContaining({ code: 'E_TOOL_SCHEMA', message: expect.stringMatching(message) });
    expect(() => closed(schema)).toThrow(refused);
    expect(() => closed(schema), 'from the cache').toThrow(refused);
  });

  it('never repeats the schema’s text in what it says', () => {
    const secret = 'IGNORE-ALL-RULES';
    const violation = closed({ properties: { a: { pattern: secret, description: secret }, b: { enum: [secret] } } });
    expect(JSON.stringify([violation.find({ a: 'x' }), violation.find({ b: 'x' })])).not.toContain(secret);
    expect(() => closed({ properties: { a: { pattern: `(?=${secret})` } } })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(secret) }),
    );
  });

  it('is compiled once', () => {
    const schema = { type: 'object', properties: { once: text } };
    expect(compileSchema(schema, 'closed')).toBe(compileSchema(structuredClone(schema), 'closed'));
    expect(compileSchema(schema, 'closed')).not.toBe(compileSchema(schema, 'open'));
  });
});

describe('hostile schemas', () => {
  it('bounds alternatives that refer to themselves', () => {
    const branch = (more: JsonObject) => ({ properties: { x: { $ref: '#/$defs/a' }, ...more }, required: ['x'] });
    const impossible = { not: {} };
    const schema = closed({
      properties: { r: { $ref: '#/$defs/a' } },
      $defs: {
        a: { anyOf: [branch({ y: impossible }), branch({ z: impossible }), { type: 'string', const: 'never' }] },
      },
    });
    let value: JsonValue = 'end';
    for (let depth = 0; depth < 55; depth++) value = { x: value };
    const before = performance.now();
    expect(schema.find({ r: value })?.kind).toBe('limit');
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('matches patterns that explode elsewhere in linear time', () => {
    for (const pattern of ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
      const schema = closed({ properties: { a: { pattern } } });
      const before = performance.now();
      schema.find({ a: `${'a'.repeat(30_000)}!` });
      expect(performance.now() - before, pattern).toBeLessThan(2_000);
    }
  });

  it('refuses a match that would take too much work', () => {
    const schema = closed({ properties: { a: { pattern: '(?:a?){400}b' } } });
    expect(schema.find({ a: 'a'.repeat(200_000) })?.kind).toBe('limit');
  });
});

describe('closing, over arbitrary schemas and values', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const { node } = fc.letrec<{ node: JsonObject; leaf: JsonObject; map: JsonObject; list: JsonValue }>((tie) => ({
    leaf: fc.constantFrom<JsonObject>({}, { type: 'string' }, { type: 'number' }, { const: 1 }, { type: 'object' }),
    node: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      tie('leaf'),
      fc.record({ properties: tie('map'), additionalProperties: fc.oneof(fc.boolean(), tie('leaf')) }),
      fc.record({ properties: tie('map'), not: tie('node') }),
      fc.record({ properties: tie('map'), if: tie('node'), then: tie('node') }),
      fc.record({ properties: tie('map'), $ref: fc.constantFrom('#/$defs/one', '#/$defs/two') }),
      fc.record({ $ref: fc.constantFrom('#/$defs/one', '#/$defs/two') }),
      fc.record({ allOf: tie('list') }),
      fc.record({ anyOf: tie('list') }),
      fc.record({ oneOf: tie('list') }),
      fc.record({ items: tie('node') }),
    ),
    map: fc.dictionary(name, tie('node'), { maxKeys: 2 }),
    list: fc.array(tie('node'), { minLength: 1, maxLength: 2 }),
  }));
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<JsonValue>(1, 'x', null),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
      fc.array(tie('value'), { maxLength: 2 }),
    ),
  }));

  const named = fc.record({ root: node, one: node, two: node, properties: fc.dictionary(name, node, { minKeys: 1 }) });
  const build = ({
    root,
    one,
    two,
    properties,
  }: {
    root: JsonObject;
    one: JsonObject;
    two: JsonObject;
    properties: JsonObject;
  }) => {
    const { additionalProperties: _open, ...rest } = root;
    return { type: 'object', ...rest, properties, $defs: { one, two } };
  };
  /** Undefined for the few that cannot be compiled: references that go round without a step into the value. */
  const tryCompile = (schema: JsonObject, closing: 'open' | 'closed') => {
    try {
      return compileSchema(schema, closing);
    } catch {
      return undefined;
    }
  };

  const RUNS = 40;

  it('accepts nothing the schema itself refuses, and never throws', () => {
    let compared = 0;
    fc.assert(
      fc.property(named, fc.array(fc.dictionary(name, value), { minLength: 3, maxLength: 8 }), (parts, values) => {
        const schema = build(parts);
        const [closedSchema, openSchema] = [tryCompile(schema, 'closed'), tryCompile(schema, 'open')];
        if (!closedSchema || !openSchema) return;
        compared += 1;
        for (const one of values) if (!closedSchema.find(one)) expect(openSchema.find(one)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });

  it('never passes a parameter that no part of the schema names', () => {
    let compared = 0;
    fc.assert(
      fc.property(named, fc.dictionary(name, value), (parts, args) => {
        const untyped = JSON.parse(JSON.stringify(build(parts)), (key, one) =>
          key === 'additionalProperties' && typeof one === 'object' ? true : one,
        );
        const schema = tryCompile(untyped, 'closed');
        if (!schema) return;
        compared += 1;
        expect(schema.find({ ...args, unnamed: 1 })).toBeDefined();
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });
});
// biome-ignore-end lint/suspicious/noThenProperty: it is a keyword of JSON Schema
