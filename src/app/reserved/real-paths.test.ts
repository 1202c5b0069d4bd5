import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPathResolver } from './real-paths.ts';

let root: string;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'chaperone-paths-')));
  await mkdir(join(root, 'a', 'b'), { recursive: true });
  await writeFile(join(root, 'a', 'b', 'file'), 'x');
  await symlink('a/b', join(root, 'relative'));
  await symlink(join(root, 'a'), join(root, 'absolute'));
  await symlink('../../none/at/all', join(root, 'a', 'b', 'dangling'));
  await symlink('circle', join(root, 'circle'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

it.each([
  ['a/b/file', 'a/b/file', true],
  ['./a//b/./file', 'a/b/file', true],
  ['relative/file', 'a/b/file', true],
  ['absolute/b/file', 'a/b/file', true],
  // Not where the text alone would lead.
  ['relative/../b/file', 'a/b/file', true],
  ['relative/..', 'a', true],
  ['a/b/dangling', 'none/at/all', false],
  ['none/../a/b/file', 'a/b/file', true],
  ['none/x/../../absolute/b', 'a/b', true],
  ['relative/new/one', 'a/b/new/one', false],
])('%s leads to %s', (path, leads, isThere) => {
  const found = createPathResolver(100)(`${root}/${path}`);
  expect(found.path).toBe(join(root, leads));
  expect(found.stats !== undefined).toBe(isThere);
});

it('ends in a circle of links, and at its limit', () => {
  expect(createPathResolver(100)(join(root, 'circle', 'x')).path).toContain('circle');
  expect(() => createPathResolver(3)(join(root, 'a', 'b', 'file'))).toThrow(RangeError);
});
