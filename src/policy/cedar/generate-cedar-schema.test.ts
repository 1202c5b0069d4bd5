import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { GovernedTool } from '../../model/tool.ts';
import { generateCedarSchema } from './generate-cedar-schema.ts';

function govern(server: string, name: string, inputSchema: JsonObject): GovernedTool {
  return {
    tool: { server, name, description: '', inputSchema },
    name: `${server}/${name}`,
    pin: 'sha256:0',
    effect: 'read',
    consequence: 'low',
    declared: true,
    sinks: [],
  };
}

const anySchema = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonObject>(
      {},
      { type: 'string' },
      { type: 'integer' },
      { type: 'number' },
      { type: ['boolean', 'null'] },
      { enum: [1, 2.5, null] },
      { const: 'x' },
      { $ref: '#/properties/a' },
      { $ref: '#/nowhere' },
      { $ref: 'https://example.com/x' },
      { type: 'array', items: true },
    ),
    fc.record({
      type: fc.constantFrom('object', 'array', ['object', 'null'], 7),
      properties: fc.dictionary(
        fc.oneof(fc.constantFrom('a', 'b', '', '__proto__', '__extn', 'in', 'a b'), fc.string()),
        tie('schema'),
      ),
      required: fc.array(fc.constantFrom('a', 'b', '')),
    }),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 2 }) }),
  ),
})).schema;

describe('generateCedarSchema', () => {
  it('is a schema Cedar accepts, whatever a server writes into its own', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), anySchema), { maxLength: 4 }), (tools) => {
        const { schema } = generateCedarSchema(tools.map(([name, input]) => govern('mail', name, input)));
        expect(cedar.checkParseSchema(schema)).toEqual({ type: 'success' });
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('says nothing of no tools, and is still a schema', () => {
    const { schema, omitted } = generateCedarSchema([]);
    expect(cedar.checkParseSchema(schema)).toEqual({ type: 'success' });
    expect(omitted).toEqual([]);
  });

  it('puts one action per tool into the groups of its server, its effect, and all', () => {
    const { schema } = generateCedarSchema([govern('mail', 'list', { type: 'object' })]);
    expect(schema['Chaperone']?.actions['mail/list']).toMatchObject({
      memberOf: [{ id: 'mail/*' }, { id: 'read' }, { id: '*' }],
      appliesTo: { principalTypes: ['Agent'], resourceTypes: ['Tool'] },
    });
  });

  it('does not let a tool pass for a group of tools', () => {
    const { schema, omitted } = generateCedarSchema([govern('mail', '*', { type: 'object' })]);
    expect(schema['Chaperone']?.actions['mail/*']).toEqual({ memberOf: [{ id: '*' }] });
    expect(omitted).toEqual([
      { tool: 'mail/*', path: '', reason: 'its name is that of another tool or of a group of tools' },
    ]);
  });

  it('stops at schemas that grow out of themselves', () => {
    const node = {
      type: 'object',
      properties: Object.fromEntries('abcdefgh'.split('').map((name) => [name, { $ref: '#' }])),
    };
    const { schema, omitted } = generateCedarSchema([govern('x', 'y', node)]);
    expect(omitted.length).toBeLessThan(10_000);
    expect(omitted.some((one) => one.reason.includes('refers to itself'))).toBe(true);
    expect(cedar.checkParseSchema(schema)).toEqual({ type: 'success' });
  });
});
