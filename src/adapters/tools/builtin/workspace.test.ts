import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { Workspace } from './workspace.ts';

let folder: string;
let workspace: Workspace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-workspace-'));
  mkdirSync(join(folder, 'work/inner'), { recursive: true });
  writeFileSync(join(folder, 'outside.txt'), 'outside');
  writeFileSync(join(folder, 'work/a.txt'), 'a');
  workspace = new Workspace(join(folder, 'work'), systemClock);
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = async (path: string) => Buffer.from(await workspace.read(path, 1_000)).toString();

describe('a workspace', () => {
  it('reads, writes, lists and removes what lies in it', async () => {
    await workspace.write('deep/down/b.txt', Buffer.from('b'));
    expect(await text('deep/down/b.txt')).toBe('b');
    await workspace.write('deep/down/b.txt', Buffer.from('c'));
    expect(readFileSync(join(folder, 'work/deep/down/b.txt'), 'utf8')).toBe('c');
    expect(await workspace.list('.')).toEqual([
      { name: 'a.txt', kind: 'file' },
      { name: 'deep', kind: 'folder' },
      { name: 'inner', kind: 'folder' },
    ]);
    await workspace.remove('a.txt');
    await expect(text('a.txt')).rejects.toThrow('no such file');
  });

  it.each(['../outside.txt', 'inner/../../outside.txt', '/etc/passwd', '', '.', '..', 'a\0b', 'x/'.repeat(3_000)])(
    'refuses the path %j',
    async (path) => {
      await expect(workspace.read(path, 1_000)).rejects.toThrow();
      await expect(workspace.write(path, Buffer.from('x'))).rejects.toThrow();
      expect(readFileSync(join(folder, 'outside.txt'), 'utf8')).toBe('outside');
    },
  );

  it('follows no link, whether it is the file, a folder on the way, or what is written over', async () => {
    symlinkSync(join(folder, 'outside.txt'), join(folder, 'work/file-link'));
    symlinkSync(folder, join(folder, 'work/folder-link'));
    symlinkSync('../outside.txt', join(folder, 'work/inner/relative-link'));
    await expect(text('file-link')).rejects.toThrow('links are not followed');
    await expect(text('folder-link/outside.txt')).rejects.toThrow('links are not followed');
    await expect(text('inner/relative-link')).rejects.toThrow('links are not followed');
    await expect(workspace.list('folder-link')).rejects.toThrow('links are not followed');
    await expect(workspace.write('folder-link/new.txt', Buffer.from('x'))).rejects.toThrow('links are not followed');
    await workspace.write('file-link', Buffer.from('x'));
    expect(await text('file-link')).toBe('x');
    expect(readFileSync(join(folder, 'outside.txt'), 'utf8')).toBe('outside');
  });

  it('writes a new file where a second name of an old one was, and leaves the old one', async () => {
    linkSync(join(folder, 'outside.txt'), join(folder, 'work/second-name'));
    await workspace.write('second-name', Buffer.from('x'));
    expect(readFileSync(join(folder, 'outside.txt'), 'utf8')).toBe('outside');
  });

  it('does not wait for what is no file, and leaves no draft behind', async () => {
    execFileSync('mkfifo', [join(folder, 'work/pipe')]);
    await expect(text('pipe')).rejects.toThrow('not a file');
    await expect(text('inner')).rejects.toThrow();
    await expect(workspace.write('inner', Buffer.from('x'))).rejects.toThrow();
    expect((await workspace.list('.')).map(({ name }) => name)).toEqual(['a.txt', 'inner', 'pipe']);
  });

  it('refuses a file that is larger than asked for', async () => {
    await expect(workspace.read('a.txt', 0)).rejects.toThrow('more than 0 bytes');
  });
});
