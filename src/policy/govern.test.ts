import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../model/manifest.ts';
import type { Tool } from '../model/tool.ts';
import { governTool, governTools } from './govern.ts';

const placeOf = (path: readonly (string | number)[]) => ({ file: 'chaperone.yaml', line: path.length, column: 1 });
const schema = { type: 'object', properties: {} };
const tool = (name: string, over: Partial<Tool> = {}): Tool => ({
  server: 'mail',
  name,
  description: '',
  inputSchema: schema,
  ...over,
});
const manifest = (input: object) => manifestSchema.parse({ version: 1, ...input });

describe('governTool', () => {
  const declared = { 'mail/list': { effect: 'write', consequence: 'medium' }, 'mail/sync': { effect: 'read' } };
  it.each([
    ['provisional', 'list', {}, 'read', 'low', false],
    ['provisional', 'sync', {}, 'write', 'high', false],
    ['observe', 'list', {}, 'read', 'low', false],
    // what nobody reviewed is the worst, whatever its name says
    ['enforce', 'list', {}, 'write', 'high', false],
    ['provisional', 'list', declared, 'write', 'medium', true],
    ['enforce', 'list', declared, 'write', 'medium', true],
    // half a declaration is none: its consequence is inferred for the effect that was declared
    ['provisional', 'sync', declared, 'read', 'low', false],
    ['enforce', 'sync', declared, 'read', 'high', false],
  ] as const)('%s: mail/%s', (mode, name, tools, effect, consequence, isDeclared) => {
    const governed = governTool(tool(name), manifest({ mode, tools }), placeOf);
    expect(governed).toMatchObject({ name: `mail/${name}`, effect, consequence, declared: isDeclared });
  });

  it('points at the declaration', () => {
    const { place } = governTool(tool('list'), manifest({ tools: declared }), placeOf);
    expect(place).toEqual({ file: 'chaperone.yaml', line: 2, column: 1 });
    expect(governTool(tool('other'), manifest({ tools: declared }), placeOf)).not.toHaveProperty('place');
  });

  it('is not fooled by names that every object has', () => {
    expect(governTool(tool('constructor'), manifest({}), placeOf)).toMatchObject({ declared: false, effect: 'write' });
  });
});

describe('the sinks of a tool', () => {
  const inputSchema = {
    type: 'object',
    properties: {
      to: { type: 'array', items: { type: 'string' } },
      note: { type: 'string' },
      items: {
        type: 'array',
        items: { type: 'object', properties: { url: { type: 'string' }, text: { type: 'string' } } },
      },
      free: { type: 'object', additionalProperties: true },
      count: { type: 'integer' },
    },
    additionalProperties: false,
  };
  const sinksOf = (declaration: object, name = 'send') => {
    const tools = { [`mail/${name}`]: declaration };
    const { sinks } = governTool(tool(name, { inputSchema }), manifest({ tools }), placeOf);
    return sinks.map(
      ({ path, carries, from, declared }) => `${path} ${carries}${from ? ` from ${from}` : ''}${declared ? '!' : ''}`,
    );
  };
  const inferred = [
    ...['to[] recipient', 'note data', 'items[].url destination', 'items[].text data', 'free.* data'],
    'count authority',
  ];
  const change = (changes: Readonly<Record<string, string | undefined>>): string[] =>
    inferred.flatMap((sink) => (Object.hasOwn(changes, sink) ? (changes[sink] ?? []) : sink));

  it.each<[string, object, string[]]>([
    ['nothing is declared', {}, inferred],
    ['one is taken away', { arguments: { to: { protected: false } } }, change({ 'to[] recipient': undefined })],
    ['one is confirmed', { arguments: { to: { protected: true } } }, change({ 'to[] recipient': 'to[] recipient!' })],
    // content is what nothing protects, so a protected argument is something else
    ['content is protected', { arguments: { note: { protected: true } } }, change({ 'note data': 'note authority!' })],
    [
      'it is of another kind',
      { arguments: { note: { carries: 'recipient' } } },
      change({ 'note data': 'note recipient!' }),
    ],
    [
      'content is content',
      { arguments: { 'items[].url': { carries: 'data' } } },
      change({ 'items[].url destination': 'items[].url data!' }),
    ],
    [
      'its origin is bound',
      { arguments: { to: { from: ['crm/a.email'] } } },
      change({ 'to[] recipient': 'to[] recipient from crm/a.email!' }),
    ],
    ['one is added', { arguments: { count: { protected: true } } }, change({ 'count authority': 'count authority!' })],
    [
      'a list of objects is meant',
      { arguments: { items: { protected: true } } },
      change({ 'items[].url destination': 'items[].url destination!', 'items[].text data': 'items[].text authority!' }),
    ],
    [
      'the narrower entry wins, wherever it stands',
      { arguments: { 'items.text': { protected: false }, items: { protected: true } } },
      change({ 'items[].url destination': 'items[].url destination!', 'items[].text data': undefined }),
    ],
    [
      'an open object has the member',
      { arguments: { 'free.key': { protected: true } } },
      [...inferred, 'free.key authority!'],
    ],
    ['there is an audience', { audience: 'note' }, change({ 'note data': 'note recipient!' })],
    [
      'there is an audience of a known origin',
      { audience: 'to', arguments: { to: { from: ['crm/a.email'] } } },
      change({ 'to[] recipient': 'to[] recipient from crm/a.email!' }),
    ],
    // a limit alone says nothing of what leaves
    ['there is only a limit', { arguments: { to: { maxItems: 2 } } }, inferred],
  ])('when %s', (_, declaration, expected) => {
    expect(sinksOf(declaration)).toEqual(expected);
  });

  it('of a read are those that choose where a request goes, and those that a person protects', () => {
    const read = { effect: 'read', consequence: 'low' };
    expect(sinksOf(read, 'get')).toEqual(['items[].url destination']);
    expect(sinksOf({ ...read, arguments: { to: { protected: true } } }, 'get')).toEqual([
      'items[].url destination',
      'to[] recipient!',
    ]);
  });

  it('come with the audience and what the results are', () => {
    const yields = { secrecy: 'secret', identifiers: ['id'] };
    const governed = governTool(
      tool('send'),
      manifest({ tools: { 'mail/send': { audience: 'to', yields } } }),
      placeOf,
    );
    expect(governed).toMatchObject({ audience: 'to', yields });
    expect(governTool(tool('send'), manifest({}), placeOf)).not.toHaveProperty('yields');
  });
});

describe('governTools', () => {
  const tools = [tool('list'), tool('send'), tool('sync')];
  const declared = { 'mail/list': { effect: 'read', consequence: 'low' }, 'mail/send': { effect: 'write' } };

  it('names what keeps `enforce` from starting', () => {
    const { problems } = governTools(tools, manifest({ mode: 'enforce', tools: declared }), placeOf);
    expect(problems.map(({ code, message, place }) => [code, message, place?.line])).toEqual([
      ['E_TOOL_UNREVIEWED', '`mail/send` has no declared consequence, which mode `enforce` requires', 2],
      ['E_TOOL_UNREVIEWED', '`mail/sync` has no declared effect and consequence, which mode `enforce` requires', 1],
    ]);
  });

  it.each(['provisional', 'observe'])('asks nothing of the kind in %s', (mode) => {
    expect(governTools(tools, manifest({ mode, tools: declared }), placeOf).problems).toEqual([]);
  });

  it('offers neither of two tools of one name', () => {
    const twice = [...tools, tool('list', { description: 'another' })];
    const governance = governTools(twice, manifest({}), placeOf);
    expect([...governance.tools.keys()]).toEqual(['mail/send', 'mail/sync']);
    expect(governance.ambiguous).toEqual(['mail/list']);
  });

  it('names declared tools that no server has', () => {
    const misspelt = manifest({ tools: { 'mail/lsit': {} } });
    expect(governTools(tools, misspelt, placeOf).absent).toEqual(['mail/lsit']);
  });
});
