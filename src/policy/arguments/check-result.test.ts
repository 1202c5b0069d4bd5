import { expect, it } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { ToolResult } from '../../model/result.ts';
import { checkResult } from './check-result.ts';

const outputSchema: JsonObject = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };

it.each<[string, JsonObject | undefined, Partial<ToolResult>, string | undefined]>([
  ['conforming', outputSchema, { structuredContent: { n: 1 } }, undefined],
  ['with members the schema does not name', outputSchema, { structuredContent: { n: 1, more: 2 } }, undefined],
  ['not conforming', outputSchema, { structuredContent: { n: 'x' } }, '/structuredContent/n'],
  ['without structured content', outputSchema, {}, ''],
  ['that failed, without structured content', outputSchema, { isError: true }, undefined],
  [
    'that failed, with structured content that does not fit',
    outputSchema,
    { isError: true, structuredContent: {} },
    '/structuredContent',
  ],
  ['without a schema', undefined, { structuredContent: { any: 1 } }, undefined],
  [
    'with a prototype key',
    undefined,
    { structuredContent: JSON.parse('{"__proto__":1}') },
    '/structuredContent/__proto__',
  ],
  ['of a schema that cannot be enforced', { $ref: 'https://evil.example/' }, { structuredContent: {} }, ''],
])('judges a result %s', (_name, schema, result, path) => {
  const reason = checkResult(schema ? { outputSchema: schema } : {}, { content: [], ...result });
  expect(reason?.path).toBe(path);
  if (reason) expect(reason.code).toBe('E_RESULT_INVALID');
});
