import { describe, expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import { manifestSchema } from '../model/manifest.ts';
import type { Tool } from '../model/tool.ts';
import { buildKernel } from './build-kernel.ts';
import { checkDeclarations } from './check-declarations.ts';
import { governTools } from './govern.ts';

const placeOf = (path: readonly (string | number)[]) => ({ file: `<${path.join('.')}>`, line: 1, column: 1 });
const contact = { type: 'object', properties: { email: { type: 'string' } }, additionalProperties: false };
const tools: readonly Tool[] = [
  {
    server: 'mail',
    name: 'send',
    description: '',
    inputSchema: { type: 'object', properties: { recipients: { type: 'array', items: { type: 'string' } } } },
  },
  {
    server: 'crm',
    name: 'search.v2',
    description: '',
    inputSchema: { type: 'object', properties: {} },
    outputSchema: {
      type: 'object',
      properties: { contacts: { type: 'array', items: contact } },
      additionalProperties: false,
    },
  },
  { server: 'crm', name: 'get', description: '', inputSchema: { type: 'object', properties: {} } },
  { server: 'odd', name: 'get', description: '', inputSchema: { $ref: 'https://elsewhere.example/schema' } },
];

function parse(input: object) {
  const manifest = manifestSchema.parse({ version: 1, ...input });
  return { manifest, tools: [...governTools(tools, manifest, placeOf).tools.values()] };
}

const send = (declaration: object) => ({ tools: { 'mail/send': declaration } });
const from = (...origins: string[]) => send({ arguments: { recipients: { from: origins } } });

describe('checkDeclarations', () => {
  it.each<[string, object, string[]]>([
    ['nothing', {}, []],
    ['an audience', send({ audience: 'recipients' }), []],
    [
      'an audience that is no argument',
      send({ audience: 'recipient' }),
      [
        '<tools.mail/send.audience>:1:1: `mail/send` has no argument `recipient`: there is no `recipient`; did you mean `recipients`?',
      ],
    ],
    [
      'fields through lists',
      { tools: { 'crm/search.v2': { yields: { identifiers: ['contacts.email', 'contacts[].email'] } } } },
      [],
    ],
    [
      'a field that no result has',
      { tools: { 'crm/search.v2': { yields: { identifiers: ['contacts.mail'] } } } },
      [
        '<tools.crm/search.v2.yields.identifiers.0>:1:1: results of `crm/search.v2` have no field `contacts.mail`: there is no `mail`; did you mean `email`?',
      ],
    ],
    [
      'a field of a result that nobody described',
      { tools: { 'crm/get': { yields: { identifiers: ['anything'] } } } },
      [],
    ],
    ['an origin, in a tool with a dot', from('crm/search.v2.contacts.email', 'crm/get.email'), []],
    [
      'an origin that no result has',
      from('crm/get.email', 'crm/search.v2.contacts.emial'),
      [
        '<tools.mail/send.arguments.recipients.from.1>:1:1: results of `crm/search.v2` have no field `contacts.emial`: there is no `emial`; did you mean `email`?',
      ],
    ],
    [
      'an origin in no tool',
      from('crm/gte.email'),
      ['<tools.mail/send.arguments.recipients.from.0>:1:1: `crm` has no tool `crm/gte`; did you mean `crm/get`?'],
    ],
    ['an origin at a server that is away', from('hr/get.email'), []],
    [
      'flows',
      {
        flows: [
          { from: 'crm/*', to: 'mail/send' },
          { from: 'crm/get', to: 'outside' },
        ],
      },
      [],
    ],
    [
      'flows between tools that are not there',
      {
        flows: [
          { from: 'crm/export', to: 'mail/sned' },
          { from: 'hr/get', to: 'hr/set' },
        ],
      },
      [
        '<flows.0.from>:1:1: `crm` has no tool `crm/export`',
        '<flows.0.to>:1:1: `mail` has no tool `mail/sned`; did you mean `mail/send`?',
      ],
    ],
    ['what cannot be looked into', { tools: { 'odd/get': { audience: 'to' } } }, []],
  ])('says of %s', (_, input, expected) => {
    const { manifest, tools } = parse(input);
    expect(checkDeclarations(manifest, placeOf, tools)).toEqual(expected);
  });

  it('keeps a kernel from being built', () => {
    const bundle = digestBytes('rules');
    const { manifest, tools } = parse(send({ audience: 'x' }));
    expect(() => buildKernel({ bundle, manifest, placeOf, policyFiles: [], tools })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', message: expect.stringContaining('no argument `x`') }),
    );
    // Before any server has answered there is nothing to contradict.
    expect(() => buildKernel({ bundle, manifest, placeOf, policyFiles: [], tools: [] })).not.toThrow();
  });
});
