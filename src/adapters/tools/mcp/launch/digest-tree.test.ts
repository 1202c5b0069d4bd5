import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestBytes, digestJson } from '../../../../base/digest.ts';
import { digestTree } from './digest-tree.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-tree-'));
  await mkdir(join(folder, 'b'));
  await writeFile(join(folder, 'b/z'), 'zed');
  await writeFile(join(folder, 'a'), Buffer.alloc(300_000, 1)); // large enough to be streamed
  await symlink('b/z', join(folder, 'c'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tree = () => digestTree([{ label: '', path: folder }]);

describe('digestTree', () => {
  it('is this, byte for byte', async () => {
    expect(await tree()).toBe(
      digestJson({
        format: 'chaperone.tree/1',
        entries: [
          ['a', 'file', digestBytes(Buffer.alloc(300_000, 1))],
          ['b/z', 'file', digestBytes('zed')],
          ['c', 'link', 'b/z'],
        ],
      }),
    );
  });

  it('does not depend on times', async () => {
    const before = await tree();
    await utimes(join(folder, 'b/z'), 1, 1);
    expect(await tree()).toBe(before);
  });

  it('tells moved bytes, renamed files and redirected links apart', async () => {
    const seen = new Set([await tree()]);
    await writeFile(join(folder, 'b/y'), 'zed');
    seen.add(await tree());
    await rm(join(folder, 'b/z'));
    seen.add(await tree());
    await rm(join(folder, 'c'));
    await symlink('b/y', join(folder, 'c'));
    seen.add(await tree());
    expect(seen.size).toBe(4);
  });

  it.each([
    ['a link out', () => symlink('/etc', join(folder, 'out'))],
    ['a link out by steps', () => symlink('b/../../..', join(folder, 'out'))],
    ['a link to a place outside where nothing is', () => symlink('../nothing', join(folder, 'out'))],
    ['a pipe', async () => void execFileSync('mkfifo', [join(folder, 'pipe')])],
  ])('refuses %s', async (_, add) => {
    await add();
    await expect(tree()).rejects.toMatchObject({ code: 'E_SERVER_INTEGRITY' });
  });
});
