import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readDocument, root } from './read-fences.ts';

const requirementsSchema = z.strictObject({
  about: z.string(),
  requirements: z.array(
    z.strictObject({
      id: z.string().regex(/^R-[A-Z0-9]+(-[A-Z0-9]+)*$/),
      text: z.string().regex(/\.$/),
      /** `boundary`, where a seatbelt is not enough. */
      needs: z.string().optional(),
      /** Titles as they are written, or how they begin; none where the whole file is the proof. */
      proofs: z.array(z.strictObject({ file: z.string(), tests: z.array(z.string().min(3)) })),
      /** What is not proved. */
      open: z.string().optional(),
    }),
  ),
});

const { requirements } = requirementsSchema.parse(JSON.parse(readDocument('docs/requirements.json')));
const proofs = requirements.flatMap(({ id, proofs }) => proofs.map((proof) => ({ id, ...proof })));
/** Folders in which every test is there for a requirement. */
const CITED_WHOLE = ['test/laws', 'test/attacks', 'test/simulation'];

describe('the requirements', () => {
  it('have ids of their own', () => {
    expect(new Set(requirements.map(({ id }) => id)).size).toBe(requirements.length);
  });

  it('are proved, or say what is not', () => {
    expect(requirements.filter(({ proofs, open }) => proofs.length === 0 && open === undefined)).toEqual([]);
  });

  it('names tests that exist', () => {
    const missing = proofs.flatMap(({ id, file, tests }) => {
      if (!existsSync(join(root, file))) return [`${id}: ${file} is not there`];
      const titles = listTitles(file);
      if (titles.length === 0 && !file.endsWith('.test.ts')) return [`${id}: ${file} has no tests`];
      return tests
        .filter((title) => !titles.some((one) => one.startsWith(title)))
        .map((title) => `${id}: ${file} has no “${title}”`);
    });
    expect(missing).toEqual([]);
  });

  it.each(CITED_WHOLE)('cite every test of %s', (folder) => {
    const cited = new Set(proofs.map(({ file }) => file));
    expect(
      globSync(`${folder}/**/*.test.ts`, { cwd: root })
        .sort()
        .filter((file) => !cited.has(file)),
    ).toEqual([]);
  });
});

describe('the claims of the threat model', () => {
  const rows = [...readDocument('docs/THREAT-MODEL.md').matchAll(/^\| (.+?) \| (.+?) \| (R-[^|]+) \|$/gm)];

  it('each name requirements that are proved, and need no more than those say', () => {
    expect(rows.length).toBeGreaterThan(5);
    for (const [, claim = '', needs = '', ids = ''] of rows) {
      for (const id of ids.split(',').map((one) => one.trim())) {
        const requirement = requirements.find((one) => one.id === id);
        expect(requirement?.proofs.length, `${claim}: ${id}`).toBeGreaterThan(0);
        expect(requirement?.open, `${claim}: ${id}`).toBeUndefined();
        if (requirement?.needs !== undefined) expect(needs, claim).toContain(requirement.needs);
      }
    }
  });
});

const titlesByFile = new Map<string, readonly string[]>();

/** The titles of every suite and test in a file, as they are written; of a template, how it begins. */
function listTitles(file: string): readonly string[] {
  const known = titlesByFile.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ['it', 'test', 'describe'].includes(rootName(node.expression))) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
      else if (title !== undefined && ts.isTemplateExpression(title)) titles.push(title.head.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  titlesByFile.set(file, titles);
  return titles;
}

/** `it` of `it.each([…])`. */
function rootName(expression: ts.Expression): string {
  let at = expression;
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at.text : '';
}
