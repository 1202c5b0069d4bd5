import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import {
  decodeHeaderValue,
  encodeHeaderValue,
  headerMatches,
  listHeaderParameters,
  readHeaderArgument,
} from './mcp-header.ts';

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
const region = { type: 'string', 'x-mcp-header': 'Region' };

describe('listHeaderParameters', () => {
  it.each([
    ['none', object({ a: { type: 'string' } }), []],
    ['one', object({ region }), [{ path: ['region'], header: 'mcp-param-region', type: 'string' }]],
    [
      'a nested one',
      object({ at: object({ region }) }),
      [{ path: ['at', 'region'], header: 'mcp-param-region', type: 'string' }],
    ],
    ['a property of that name', object({ 'x-mcp-header': { type: 'string' } }), []],
    ['one in a default', object({ a: { type: 'object', default: { 'x-mcp-header': 1 } } }), []],
  ])('finds %s', (_, schema, expected) => {
    expect(listHeaderParameters(schema)).toEqual(expected);
  });

  it.each([
    ['at the root', { type: 'object', 'x-mcp-header': 'A' }],
    ['in items', object({ list: { type: 'array', items: region } })],
    ['behind a definition', object({}, { $defs: { a: region } })],
    ['in a combination', object({}, { anyOf: [object({ region })] })],
    ['on a number', object({ a: { type: 'number', 'x-mcp-header': 'A' } })],
    ['on an object', object({ a: { type: 'object', 'x-mcp-header': 'A' } })],
    ['that is empty', object({ a: { type: 'string', 'x-mcp-header': '' } })],
    ['with a line break', object({ a: { type: 'string', 'x-mcp-header': 'A\r\nB' } })],
    ['given twice', object({ a: region, b: { ...region, 'x-mcp-header': 'REGION' } })],
  ])('finds the schema spoilt by one %s', (_, schema) => {
    expect(listHeaderParameters(schema)).toBeUndefined();
  });
});

describe('header values', () => {
  it.each([
    ['eu-west', 'eu-west'],
    ['two words', 'two words'],
    ['', '=?base64??='],
    [' padded', '=?base64?IHBhZGRlZA==?='],
    ['é', '=?base64?w6k=?='],
    ['a\nb', '=?base64?YQpi?='],
    ['=?base64?YQ==?=', '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
  ])('writes %j as %s', (text, value) => {
    expect(encodeHeaderValue(text)).toBe(value);
  });

  it('reads back what it wrote, which is always safe in a header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const value = encodeHeaderValue(text);
        expect(value).toMatch(/^[\x20-\x7e\t]+$/);
        expect(decodeHeaderValue(value)).toBe(text);
      }),
    );
  });

  it.each(['=?base64?SGVsbG8?=', '=?base64?SGVs!!!bG8=?=', '=?base64?/w==?='])('does not read %s', (value) => {
    expect(decodeHeaderValue(value)).toBeUndefined();
  });

  it('compares integers as numbers and nothing else', () => {
    const parameter = (type: 'integer' | 'string') => ({ path: ['a'], header: 'mcp-param-a', type });
    expect(headerMatches(parameter('integer'), '42.0', '42')).toBe(true);
    expect(headerMatches(parameter('integer'), '0x2a', '42')).toBe(false);
    expect(headerMatches(parameter('string'), '42.0', '42')).toBe(false);
  });
});

describe('readHeaderArgument', () => {
  it.each([
    [{ a: { b: 'x' } }, ['a', 'b'], 'x'],
    [{ a: 42 }, ['a'], '42'],
    [{ a: false }, ['a'], 'false'],
    [{ a: null }, ['a'], undefined],
    [{ a: 1.5 }, ['a'], undefined],
    [{ a: {} }, ['a'], undefined],
    [{}, ['constructor'], undefined],
  ])('%j at %j is %j', (args, path, expected) => {
    expect(readHeaderArgument(args, path)).toBe(expected);
  });
});
