import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeOwnFolder, sweepOwnFolders } from './own-folder.ts';

it('removes what processes that have ended left, and nothing else', async () => {
  const { pid } = spawnSync('/bin/true');
  const left = await mkdtemp(join(tmpdir(), `chaperone-door-${pid}-`));
  const own = await makeOwnFolder('door');
  const other = await mkdtemp(join(tmpdir(), 'chaperone-folder-of-a-test-'));
  await sweepOwnFolders();
  const there = await readdir(tmpdir());
  expect([left, own, other].map((folder) => there.includes(basename(folder)))).toEqual([false, true, true]);
  await rm(own, { recursive: true });
  await rm(other, { recursive: true });
});
