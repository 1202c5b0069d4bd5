import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import { listArguments } from './list-arguments.ts';

const text = { type: 'string' };
const pathsOf = (schema: JsonObject): string[] => listArguments(schema).map((argument) => argument.path);

describe('listArguments', () => {
  it.each<[string, JsonObject, string[]]>([
    ['properties, in order', { properties: { b: text, a: text } }, ['b', 'a']],
    ['nested ones, after their parent', { properties: { a: { properties: { b: text } } } }, ['a', 'a.b']],
    ['elements', { properties: { a: { items: { properties: { b: text } } } } }, ['a', 'a[]', 'a[].b']],
    ['tuples', { properties: { a: { prefixItems: [text, { type: 'number' }] } } }, ['a', 'a[]']],
    ['names left open', { additionalProperties: true, patternProperties: { '^x': text } }, ['*']],
    ['local references', { $ref: '#/$defs/x~1y', $defs: { 'x/y': { properties: { a: text } } } }, ['a']],
    ['conditions', { if: { properties: { a: text } }, else: { properties: { b: text } } }, ['a', 'b']],
    ['what it may not follow', { $ref: 'https://example.com/s' }, ['*']],
    ['what goes nowhere', { $ref: '#/$defs/none' }, ['*']],
    ['what refers to itself', { $ref: '#' }, ['*']],
    ['no arguments', { type: 'object', additionalProperties: false }, []],
  ])('reports %s', (_, schema, paths) => expect(pathsOf(schema)).toEqual(paths));

  it('joins what alternatives say of one argument, to the wider', () => {
    const either = (a: JsonObject, b: JsonObject) => {
      const [argument] = listArguments({ anyOf: [{ properties: { x: a } }, { properties: { x: b } }] });
      return { types: [...(argument?.types ?? [])], values: argument?.values };
    };
    expect(either(text, { type: 'number' })).toEqual({ types: ['string', 'number'], values: undefined });
    expect(either(text, {})).toEqual({ types: [], values: undefined });
    expect(either({ enum: ['a'] }, { const: 'b' })).toEqual({ types: [], values: ['a', 'b'] });
    expect(either({ enum: ['a'] }, text)).toEqual({ types: [], values: undefined });
  });

  it.each<[string, (next: JsonObject) => JsonObject]>([
    ['alternatives', (next) => ({ allOf: Array(10).fill(next) })],
    ['properties', (next) => ({ properties: Object.fromEntries([...'abcdefghij'].map((name) => [name, next])) })],
  ])('gives up on references that multiply through %s, and says that something is left open', (_, multiply) => {
    const $defs = Object.fromEntries(
      Array.from({ length: 16 }, (_, i) => [
        `d${i}`,
        i === 15 ? { properties: { end: text } } : multiply({ $ref: `#/$defs/d${i + 1}` }),
      ]),
    );
    const startedAt = process.cpuUsage().user;
    const paths = pathsOf({ $ref: '#/$defs/d0', $defs });
    expect(process.cpuUsage(undefined).user - startedAt).toBeLessThan(2_000_000);
    expect(paths.length).toBeLessThan(2_000);
    expect(paths.some((path) => path.endsWith('*'))).toBe(true);
  });
});
