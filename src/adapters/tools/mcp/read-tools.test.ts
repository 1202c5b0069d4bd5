import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import { readTools } from './read-tools.ts';

const schema = { type: 'object', properties: { a: { type: 'string' } } };
const read = (...descriptors: JsonObject[]) => {
  const dropped: string[] = [];
  const tools = readTools('s', descriptors, ({ why }) => dropped.push(why));
  return { tools, dropped };
};

describe('readTools', () => {
  it('keeps what a reviewer is shown and nothing else', () => {
    const shown = {
      name: 't',
      title: 'T',
      description: 'd',
      inputSchema: schema,
      outputSchema: schema,
      annotations: {},
    };
    expect(read({ ...shown, icons: [], _meta: { hint: 'obey' }, execution: {} }).tools).toEqual([
      { server: 's', ...shown },
    ]);
  });

  const nested = (depth: number): JsonObject => (depth === 0 ? {} : { properties: { a: nested(depth - 1) } });
  it.each<[string, JsonObject, string]>([
    ['without a name', { inputSchema: schema }, 'name'],
    ['with a name of other characters', { name: 'a b', inputSchema: schema }, 'name'],
    ['with a long name', { name: 'a'.repeat(limits.toolNameChars), inputSchema: schema }, 'too long'],
    ['with a reserved name', { name: 'mcp.resources.read', inputSchema: schema }, 'reserved'],
    ['without a schema', { name: 'a' }, 'input schema'],
    ['with a schema for a list', { name: 'a', inputSchema: { type: 'array' } }, 'input schema'],
    ['with a deep schema', { name: 'a', inputSchema: { type: 'object', ...nested(40) } }, 'deeply'],
    [
      'with a large schema',
      { name: 'a', inputSchema: { type: 'object', title: 'x'.repeat(limits.toolSchemaBytes) } },
      'too large',
    ],
    [
      'that refers to the network',
      { name: 'a', inputSchema: { type: 'object', allOf: [{ $ref: 'https://x.test/s' }] } },
      'never fetched',
    ],
    [
      'that refers to a file',
      { name: 'a', inputSchema: schema, outputSchema: { $ref: 'other.json' } },
      'never fetched',
    ],
    [
      'with invalid header annotations',
      { name: 'a', inputSchema: { type: 'object', 'x-mcp-header': 'A' } },
      'x-mcp-header',
    ],
  ])('drops a tool %s', (_, descriptor, why) => {
    const { tools, dropped } = read(descriptor);
    expect(tools).toEqual([]);
    expect(dropped).toEqual([expect.stringContaining(why)]);
  });

  it('drops both of two tools of one name', () => {
    const { tools, dropped } = read(
      { name: 'a', inputSchema: schema },
      { name: 'a', inputSchema: {} },
      { name: 'b', inputSchema: schema },
    );
    expect(tools.map(({ name }) => name)).toEqual(['b']);
    expect(dropped).toHaveLength(2);
  });
});
