import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import type { Principal } from '../../model/principal.ts';
import { prepareArguments } from './prepare-arguments.ts';
import { projectFields } from './project-fields.ts';

const place = { file: 'chaperone.yaml', line: 1, column: 1 };
const principal: Principal = { tenant: 'default', agent: 'a', onBehalfOf: { id: 'ann', groups: [], attributes: {} } };
const inputSchema: JsonObject = {
  type: 'object',
  properties: {
    path: {},
    url: {},
    query: {},
    to: { anyOf: [{ type: 'string', format: 'email' }, { type: 'array' }, { type: 'object' }] },
    options: { type: 'object' },
  },
};
const tool = { tool: { server: 's', name: 't', description: '', inputSchema }, effect: 'read' as const };

const names = ['path', 'url', 'query', 'to', 'options', 'depth', 'constructor', 'toString', '__proto__', 'a.b', ''];
const texts = ['/data/../x', 'https://a.example/', "' OR 1=1 --", '\ud800', '{{7*7}}', 'a\r\nb', 'ann', '\0', '%2e%2e'];
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...texts),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.constantFrom(null, true, undefined),
    fc.array(tie('any'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom(...names), tie('any')), { maxLength: 4 })
      .map((members) =>
        JSON.parse(
          `{${members.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one) ?? 'null'}`).join(',')}}`,
        ),
      ),
  ),
})).any;

describe('the argument check, given anything', () => {
  const check = prepareArguments(tool, [
    { argument: 'path', constraint: { directories: ['/data'], maxLength: 20 }, place },
    { argument: 'url', constraint: { hosts: ['*.example'] }, place },
    { argument: 'to[]', constraint: { allow: ['*@a.example'], deny: ['x*'], is: 'user.id' }, place },
    { argument: 'options.depth', constraint: { min: 0, max: 3, pattern: '[0-9]+', maxItems: 2 }, place },
  ]);

  it('never throws, and what it accepts is canonical and accepted again as it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(value, fc.anything(), fc.record({ path: value, url: value, to: value, options: value })),
        (args) => {
          const checked = check.check(args, principal);
          if (!checked.ok) {
            expect(checked.reasons.length).toBeGreaterThan(0);
            for (const { code, path, message } of checked.reasons)
              expect([typeof path, /^E_/.test(code), message.length > 0]).toEqual(['string', true, true]);
            return;
          }
          expect(() => canonicalJson(checked.arguments)).not.toThrow();
          expect(check.check(checked.arguments, principal)).toEqual(checked);
          expect(
            Object.keys(checked.arguments).every((name) => Object.hasOwn(inputSchema['properties'] as object, name)),
          ).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('accepts something', () => {
    const args = { path: '/data/a', url: 'https://a.example/', to: [], options: { depth: 1 } };
    expect(check.check({ ...args, to: 'ann' }, principal).ok).toBe(false);
    const own = prepareArguments(tool, [{ argument: 'to', constraint: { is: 'user.id' }, place }]);
    expect(own.check({ to: ['ann'] }, principal)).toEqual({ ok: true, arguments: { to: ['ann'] } });
  });
});

it('projecting fields never throws on JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.string()), (shape, fields) => {
      const object = JSON.parse(JSON.stringify({ shape }));
      expect(
        projectFields(
          { content: [object, { type: 'text', text: JSON.stringify(shape) }], structuredContent: object },
          fields,
        ).result.content,
      ).toHaveLength(2);
    }),
  );
});
