import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fillSections } from '../../scripts/docs/fill-sections.ts';
import { type RenderedDoc, renderDocs } from '../../scripts/docs/render-docs.ts';
import { errors } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { printManifestSchema } from '../../src/contract/manifest-schema.ts';
import { routes } from '../../src/doors/http/door.ts';
import { readDocument, root } from './read-fences.ts';

let docs: readonly RenderedDoc[];
beforeAll(async () => {
  docs = await renderDocs();
});

/** The first cell of every row of a document's tables that holds nothing but code. */
function listFirstCells(file: string): readonly string[] {
  return [...readDocument(file).matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
}

describe('what is generated', () => {
  it('is current (`npm run docs` writes it)', () => {
    expect(docs.length).toBeGreaterThan(4);
    for (const { file, current, rendered } of docs) expect(current, `docs/${file}`).toBe(rendered);
  });

  it('is current in `schema/` too (`npm run schema` writes it)', () => {
    expect(readFileSync(join(root, 'schema/chaperone.schema.json'), 'utf8')).toBe(printManifestSchema());
  });

  it('lists every error code once, and nothing else', () => {
    expect(listFirstCells('docs/errors.md')).toEqual(Object.keys(errors));
  });

  it('lists every limit once, and nothing else', () => {
    expect(listFirstCells('docs/limits.md')).toEqual(Object.keys(limits));
  });

  it('lists every route that takes a token', () => {
    const listed = listFirstCells('docs/http-api.md').filter((cell) => /^(GET|POST|DELETE) /.test(cell));
    expect(listed).toEqual(routes.map(({ method, path }) => `${method} ${path}`));
  });
});

describe('fillSections', () => {
  const text = 'before\n\n<!-- generated: a -->\nold\n<!-- end generated -->\n\nafter\n';

  it('replaces what is between the marks and nothing else', () => {
    const filled = fillSections(text, new Map([['a', '$& new']]));
    expect(filled).toBe('before\n\n<!-- generated: a -->\n\n$& new\n\n<!-- end generated -->\n\nafter\n');
    expect(fillSections(filled, new Map([['a', '$& new']]))).toBe(filled);
  });

  it('does not leave a section empty that nothing makes', () => {
    expect(() => fillSections(text, new Map())).toThrow('`a`');
  });
});
