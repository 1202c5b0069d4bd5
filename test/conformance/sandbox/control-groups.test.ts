import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openControlGroups } from '../../../src/adapters/sandboxes/process/cgroups.ts';
import { readyProfiles } from '../../../src/model/profile.ts';

const readOwn = () => readFile('/proc/self/cgroup', 'utf8');

describe('control groups', () => {
  it('leave the process that makes them where it is', async () => {
    const own = await readOwn();
    const groups = await openControlGroups('/sys/fs/cgroup', own);
    const { code } = readyProfiles;
    if (groups === undefined || code === undefined)
      return expect(process.getuid?.(), 'only root must have them').not.toBe(0);
    const made = await Promise.all([1, 2, 3].map((i) => groups.create(`${process.pid}-stay-${i}`, code)));
    await expect.poll(readOwn).toBe(own);
    for (const group of made) await group.remove();
    expect(await readOwn()).toBe(own);
  });
});
