import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { ToolResult } from '../../model/result.ts';
import { projectFields } from './project-fields.ts';

const contacts: JsonObject = {
  contacts: [
    { name: 'Ann', email: 'ann@a.example', salary: 1 },
    { name: 'Bob', email: 'bob@a.example', manager: { email: 'eve@a.example' } },
  ],
  total: 2,
};
const asText = (value: unknown): JsonObject => ({ type: 'text', text: JSON.stringify(value) });

describe('projectFields', () => {
  it.each([[['contacts[].email']], [['contacts.email']], [['contacts.email', 'nothing']]])(
    'keeps %j of structured content and of JSON text',
    (fields) => {
      const kept = { contacts: [{ email: 'ann@a.example' }, { email: 'bob@a.example' }] };
      const { result, redactions } = projectFields(
        { content: [asText(contacts)], structuredContent: contacts },
        fields,
      );
      expect(result.structuredContent).toEqual(kept);
      expect(result.content).toEqual([asText(kept)]);
      expect(redactions).toContainEqual({ kind: 'field', path: '/structuredContent/contacts/0/salary', characters: 1 });
      expect(redactions).toContainEqual({ kind: 'field', path: '/content/0/text/total', characters: 1 });
    },
  );

  it('keeps all of a field, and reaches through a list at the top', () => {
    const { result } = projectFields({ content: [asText(contacts['contacts'])] }, ['manager', '[].name']);
    expect(result.content).toEqual([asText([{ name: 'Ann' }, { name: 'Bob', manager: { email: 'eve@a.example' } }])]);
  });

  it.each<[string, JsonObject]>([
    ['prose', { type: 'text', text: 'Ann earns 1' }],
    ['a bare value', { type: 'text', text: '"Ann"' }],
    ['broken JSON', { type: 'text', text: '{"email": "a"' }],
    ['a picture', { type: 'image', data: 'AAAA', mimeType: 'image/png' }],
    ['a resource', { type: 'resource', resource: { uri: 'x:y', text: '{"email":"a"}' } }],
    ['JSON with a prototype key', { type: 'text', text: '{"__proto__":{"email":"a"},"email":"b"}' }],
  ])('withholds %s and says so', (_name, block) => {
    const { result, redactions } = projectFields({ content: [block], isError: true }, ['email']);
    expect(result).toEqual({
      content: [{ type: 'text', text: expect.stringMatching(/^\[withheld: /) }],
      isError: true,
    });
    expect(redactions).toHaveLength(1);
  });

  it('lets nothing pass beside the fields', () => {
    const extra = { resultType: 'complete', note: 'salary', _meta: { salary: 1 } };
    const block = { ...asText({ email: 'a' }), annotations: { note: 'salary' }, _meta: { salary: 1 } };
    const { result, redactions } = projectFields({ content: [block], extra }, ['email']);
    expect(result).toEqual({ content: [asText({ email: 'a' })], extra: { resultType: 'complete' } });
    expect(redactions.map(({ path }) => path)).toEqual([
      '/content/0/annotations',
      '/content/0/_meta',
      '/extra/note',
      '/extra/_meta',
    ]);
  });

  it('keeps nothing when no field is listed', () => {
    expect(projectFields({ content: [], structuredContent: contacts }, []).result.structuredContent).toEqual({});
  });

  it('tells what it removed in bounded space, and all of it', () => {
    const rows = Array.from({ length: 1_000 }, () => ({ a: 'xx', b: 1 }));
    const { redactions } = projectFields({ content: [], structuredContent: { rows } }, ['rows.b']);
    expect(redactions).toHaveLength(201);
    expect(redactions.reduce((sum, { characters }) => sum + characters, 0)).toBe(2_000);
  });

  it('lets no text pass that is not under a listed field, whatever the shape', () => {
    const secret = 'S3CR3T';
    const value = fc.jsonValue({ maxDepth: 4 }).map((one) => one as JsonObject);
    fc.assert(
      fc.property(value, fc.constantFrom('structuredContent', 'content'), (shape, where) => {
        const planted = { kept: 'yes', other: [{ deep: secret, kept2: { kept: secret } }], shape, [secret]: 1 };
        const result: ToolResult =
          where === 'content' ? { content: [asText(planted)] } : { content: [], structuredContent: planted };
        expect(JSON.stringify(projectFields(result, ['kept', 'nested.other']).result)).not.toContain(secret);
      }),
    );
  });
});
