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
