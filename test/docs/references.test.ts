import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errors } from '../../src/base/errors.ts';
import { documents, readDocument, root } from './read-fences.ts';

/** Said in messages of the product and not there yet. Each must leave this list when it comes. */
const PROMISED = ['chaperone tools pin'];

/** Prose alone: without generated parts, fenced blocks and code. */
function proseOf(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

function anchorOf(heading: string): string {
  return heading
    .replace(/[`*]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe.each(documents)('%s', (file) => {
  const text = readDocument(file);

  it('links to what is there', () => {
    const broken = [...proseOf(text).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].flatMap(
      ([, path = '', anchor]) => {
        const target = path === '' ? file : normalize(join(dirname(file), path));
        if (!existsSync(join(root, target))) return [`${path} is not there`];
        if (anchor === undefined) return [];
        const headings = [...readDocument(target).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''));
        return headings.includes(anchor) ? [] : [`${target} has no heading #${anchor}`];
      },
    );
    expect(broken).toEqual([]);
  });

  it('names error codes that exist', () => {
    const named = new Set(text.match(/\bE_[A-Z]+(?:_[A-Z]+)*\b/g));
    expect([...named].filter((code) => !Object.hasOwn(errors, code))).toEqual([]);
  });

  it('names commands that exist', () => {
    const cli = readDocument('docs/cli.md');
    const named = [...text.matchAll(/`chaperone ((?:[a-z]+)(?: [a-z]+)?)\b/g)].map((match) => match[1] ?? '');
    const missing = named.filter((command) => {
      const [first = '', second] = command.split(' ');
      if (!cli.includes(`### \`chaperone ${first}\``)) return true;
      const hasBelow = cli.includes(`### \`chaperone ${first} `);
      return hasBelow && second !== undefined && !cli.includes(`### \`chaperone ${first} ${second}\``);
    });
    expect([...new Set(missing)].filter((command) => !PROMISED.includes(`chaperone ${command}`))).toEqual([]);
  });

  it('names files and tests that exist', () => {
    const named = text.match(/`(?:src|test|docs|examples|scripts|schema|bench|\.ci)\/[\w./{},*-]*`/g) ?? [];
    const paths = named.map((code) => code.slice(1, -1)).filter((path) => !/[*{}]/.test(path));
    const missing = [...new Set(paths)].filter((path) => !isThere(path));
    expect(missing).toEqual([]);
  });
});

it('no promise is kept already', () => {
  const cli = readDocument('docs/cli.md');
  expect(PROMISED.filter((command) => cli.includes(`### \`${command}\``))).toEqual([]);
});

/** A file, a folder with something in it, or a test written without its ending. */
function isThere(path: string): boolean {
  const full = join(root, path);
  if (existsSync(full)) return statSync(full).isFile() ? readFileSync(full).length > 0 : true;
  return existsSync(`${full}.test.ts`);
}

it('numbers decisions one after the other, in their files, their titles and the list of them', () => {
  const files = readdirSync(join(root, 'docs/adr')).filter((name) => /^\d/.test(name));
  const listed = [...readDocument('docs/adr/README.md').matchAll(/^\| \[(\d+)\]\((\d{4})-/gm)];
  const expected = files.map((_, i) => i + 1);
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(expected);
  expect(files.map((name) => Number(/^# (\d+)\. /.exec(readDocument(`docs/adr/${name}`))?.[1]))).toEqual(expected);
  expect(listed.map(([, number]) => Number(number))).toEqual(expected);
  expect(listed.map(([, , file]) => Number(file))).toEqual(expected);
});
