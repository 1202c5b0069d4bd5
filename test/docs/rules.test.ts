import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/app/config/parse-config.ts';
import { digestBytes } from '../../src/base/digest.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import type { Tool } from '../../src/model/tool.ts';
import { buildKernel } from '../../src/policy/build-kernel.ts';
import { compileManifest } from '../../src/policy/compile-manifest.ts';
import { governTool } from '../../src/policy/govern.ts';
import { testFileSchema } from '../../src/policy/test-cases.ts';
import { describeFence, readFences } from './read-fences.ts';

const fences = readFences();
const tagged = (language: string, tag: string) =>
  fences
    .filter((fence) => fence.language === language && fence.tag === tag)
    .map((fence) => [describeFence(fence), fence] as const);

const placeOf = () => ({ file: 'chaperone.yaml', line: 1, column: 1 });
const tool = (
  server: string,
  name: string,
  properties: Tool['inputSchema'],
  required: readonly string[] = [],
): Tool => ({
  server,
  name,
  description: '',
  inputSchema: { type: 'object', properties, required: [...required] },
});
const text = { type: 'string' } as const;

/** The tools that the policies of the documents are about. */
const tools = [
  tool('mail', 'send_email', { to: text, subject: text, body: text }, ['to', 'subject', 'body']),
  tool('mail', 'delete_message', { id: text }, ['id']),
  tool('crm', 'export', { limit: { type: 'integer' } }),
  tool('crm', 'search', { query: text, department: text }, ['query']),
];

describe('the rules in the documents', () => {
  it.each(tagged('yaml', 'config'))('%s is a configuration', (_, fence) => {
    const { manifest } = parseConfig(fence.text, fence.file);
    expect(manifest.version).toBe(1);
  });

  it.each(tagged('yaml', 'cases'))('%s are policy cases', (_, fence) => {
    expect(testFileSchema.parse(parse(fence.text)).cases.length).toBeGreaterThan(0);
  });

  it.each(tagged('cedar', 'policy'))('%s are policies that load without a warning', (_, fence) => {
    const manifest = manifestSchema.parse({ version: 1, users: { attributes: { level: 'Long' } } });
    const { kernel, warnings } = buildKernel({
      bundle: digestBytes('rules'),
      manifest,
      placeOf,
      policyFiles: [{ file: fence.file, text: fence.text }],
      tools: tools.map((one) => governTool(one, manifest, placeOf)),
    });
    const written = fence.text.match(/^(permit|forbid)\b/gm) ?? [];
    expect(kernel.policies.filter(({ place }) => place.file === fence.file)).toHaveLength(written.length);
    expect(written.length).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  it.each(tagged('cedar', 'compiled'))('%s is what the manifest above it compiles to', (_, fence) => {
    const above = fences.findLast(
      ({ file, line, tag }) => file === fence.file && tag === 'config' && line < fence.line,
    );
    const { manifest, place } = parseConfig(above?.text ?? '', fence.file);
    expect(
      `${compileManifest(manifest, place)
        .map((policy) => policy.text)
        .join('\n\n')}\n`,
    ).toBe(fence.text);
  });

  it('finds some of each', () => {
    expect(tagged('yaml', 'config').length).toBeGreaterThan(3);
    expect(tagged('cedar', 'policy').length).toBeGreaterThan(0);
    expect(tagged('cedar', 'compiled').length).toBeGreaterThan(0);
  });
});
