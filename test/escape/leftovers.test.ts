import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openControlGroups } from '../../src/adapters/sandboxes/process/cgroups.ts';
import { readyProfiles } from '../../src/model/profile.ts';
import { countLeftovers, findLeft, type Leftovers } from './leftovers.ts';

/** Whoever counts what is left has to see it: each thing is left on purpose, once. */

const isRoot = process.getuid?.() === 0;
let own: string;
const was = process.env['TMPDIR'];
beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'leftovers-'));
  process.env['TMPDIR'] = own;
  execFileSync('/bin/true'); // what this process opens the first time stays open
});
afterAll(async () => {
  if (was === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = was;
  await rm(own, { recursive: true, force: true });
});

type Leave = () => Promise<() => Promise<unknown>>;

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

const things: readonly (readonly [keyof Leftovers, Leave])[] = [
  [
    'processes',
    async () => {
      const child = spawn('/usr/bin/sleep', ['600'], { stdio: 'ignore' });
      await once(child, 'spawn');
      return () => end(child);
    },
  ],
  [
    'files',
    async () => {
      const file = join(own, 'left');
      await writeFile(file, '');
      return () => rm(file);
    },
  ],
  [
    'descriptors',
    async () => {
      const descriptor = openSync('/dev/null', 'r');
      return async () => closeSync(descriptor);
    },
  ],
  ...(isRoot
    ? ([
        [
          'controlGroups',
          async () => {
            const text = execFileSync('/bin/cat', ['/proc/self/cgroup'], { encoding: 'utf8' });
            const groups = await openControlGroups('/sys/fs/cgroup', text);
            const { code } = readyProfiles;
            if (groups === undefined || code === undefined) throw new Error('root makes control groups');
            const group = await groups.create(`${process.pid}-left`, code);
            return () => group.remove();
          },
        ],
        [
          'mounts',
          async () => {
            const folder = await mkdtemp(join(was ?? '/tmp', 'left-mount-'));
            execFileSync('/bin/mount', ['-t', 'tmpfs', 'tmpfs', folder]);
            return async () => {
              execFileSync('/bin/umount', [folder]);
              await rmdir(folder);
            };
          },
        ],
      ] as const)
    : []),
];

describe('what is left behind', () => {
  it.each(things)('is counted where it is of the kind %s, and no more once it is gone', async (kind, leave) => {
    await mkdir(own, { recursive: true });
    const before = countLeftovers();
    const remove = await leave();
    try {
      expect(countLeftovers()[kind]).toBeGreaterThan(before[kind]);
    } finally {
      await remove();
    }
    expect(findLeft(before)).toEqual({});
  });

  it('is counted where it is a process that has ended and that nobody asked after', async () => {
    // Node asks after its own at once; this one’s parent is another that never does.
    const script = [
      'import os, time',
      'child = os.fork()',
      'if child == 0: os._exit(0)',
      'os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)',
      'print("left", flush=True)',
      'time.sleep(600)',
    ].join('\n');
    const child = spawn('/usr/bin/python3', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    try {
      expect(countLeftovers(child.pid).zombies).toBe(1);
    } finally {
      await end(child);
    }
  });
});
