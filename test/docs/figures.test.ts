import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, readDocument, root } from './read-fences.ts';

const benches = new Set(
  [...readFileSync(join(root, 'bench/main.ts'), 'utf8').matchAll(/^ {2}'?([a-z-]+)'?: measure\w+,$/gm)].map(
    ([, name]) => name,
  ),
);
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
);

describe.each(documents)('the commands of %s', (file) => {
  const text = readDocument(file);

  it('are benches and scripts that exist', () => {
    const named = [...text.matchAll(/\bbench -- ([a-z][a-z-]*)/g)].map(([, name]) => name);
    expect(named.filter((name) => !benches.has(name))).toEqual([]);
    const run = [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => name);
    expect(run.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it('name files that exist', () => {
    const files = [...text.matchAll(/`((?:bench|test|scripts|src)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe.each(['docs/security-results.md', 'docs/model-card.md'])('figures of %s', (file) => {
  it('stand under a command that prints them again', () => {
    const sections = readDocument(file).split(/^## /m);
    const bare = sections.filter((section) => /^\|---/m.test(section) && !/npm run (?:bench|retrain)/.test(section));
    expect(bare.map((section) => section.split('\n')[0])).toEqual([]);
    expect(sections.some((section) => /^\|---/m.test(section))).toBe(true);
    expect(benches.size).toBeGreaterThan(10);
  });
});
