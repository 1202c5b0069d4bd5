import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { manifestSchema } from '../model/manifest.ts';
import { manifestJsonSchema, printManifestSchema } from './manifest-schema.ts';

describe('the published JSON Schema', () => {
  it('is the one the code has (`npm run schema` writes it)', async () => {
    await expect(printManifestSchema()).toMatchFileSnapshot('../../schema/chaperone.schema.json');
  });

  it('describes every key in one sentence', () => {
    const missing: string[] = [];
    const visit = (schema: JsonValue | undefined, path: string): void => {
      if (Array.isArray(schema)) for (const [index, part] of schema.entries()) visit(part, `${path}|${index}`);
      if (!isJsonObject(schema)) return;
      for (const [key, member] of Object.entries((schema['properties'] ?? {}) as JsonObject)) {
        const text = isJsonObject(member) ? member['description'] : undefined;
        if (typeof text !== 'string' || !/^.+\.$/.test(text)) missing.push(`${path}.${key}`);
        visit(member, `${path}.${key}`);
      }
      visit(schema['additionalProperties'], `${path}.*`);
      visit(schema['items'], `${path}[]`);
      visit(schema['anyOf'], path);
    };
    visit(manifestJsonSchema(), '');
    expect(missing).toEqual([]);
  });

  const validate = new Ajv({ strict: false, formats: { uri: true } }).compile(manifestJsonSchema());
  const integrity = `sha512-${'A'.repeat(86)}==`;
  const cases: [string, JsonObject][] = [
    ['the least there can be', { version: 1 }],
    ['no version', {}],
    ['an unknown key', { version: 1, toolz: {} }],
    ['a package server', { version: 1, servers: { a: { package: 'a@1.0.0', integrity } } }],
    ['a floating package', { version: 1, servers: { a: { package: 'a@latest', integrity } } }],
    [
      'a command server with a secret',
      { version: 1, servers: { a: { command: 'x', env: { K: { secret: 'env:K' } } } } },
    ],
    [
      'a secret that is no reference',
      { version: 1, servers: { a: { command: 'x', env: { K: { secret: 'hunter2' } } } } },
    ],
    ['two kinds at once', { version: 1, servers: { a: { command: 'x', url: 'http://x' } } }],
    ['a grant', { version: 1, agents: { a: { tools: { 'm/*': { approval: 'required' } }, deny: ['*'] } } }],
    ['a bad pattern', { version: 1, agents: { a: { deny: ['m'] } } }],
    ['a bad duration', { version: 1, runs: { lifetime: '1 hour' } }],
  ];
  it.each(cases)('agrees with the parser on %s', (_, manifest) => {
    expect(validate(manifest)).toBe(manifestSchema.safeParse(manifest).success);
  });
});
