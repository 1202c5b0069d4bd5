import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { type Profile, readyProfiles } from '../../../src/model/profile.ts';
import type { SandboxJob } from '../../../src/ports/sandbox.ts';
import { countLeftovers, findLeft } from '../../escape/leftovers.ts';

/** Sandboxes that stand ready: handed out once, to what they are for, and to nobody after that. */

const isRoot = process.getuid?.() === 0;
const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');
const profile: Profile = { ...code, warm: 1, timeMs: 60_000, limits: isRoot ? 'total' : 'per-process' };
const open = () => new ProcessSandbox({ clock: systemClock, path: ['/usr/bin', '/bin', '/usr/sbin', '/sbin'], isRoot });
const job = (source: string, more: Partial<SandboxJob> = {}): SandboxJob => ({
  profile,
  program: { kind: 'code', language: 'python', source },
  files: [],
  ...more,
});
/** A process that began before somebody asked for what runs in it. */
const AGE = `
import os, time
ticks = int(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[19])
print(float(open('/proc/uptime').read().split()[0]) - ticks / os.sysconf('SC_CLK_TCK'))`;

let own: string;
const was = process.env['TMPDIR'];
beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'chaperone-warm-'));
  process.env['TMPDIR'] = own;
});
afterAll(async () => {
  if (was === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = was;
  await rm(own, { recursive: true, force: true });
});

describe('a sandbox that stands ready', () => {
  it('has its interpreter up before code is there, and gives each run one of its own', async () => {
    const sandbox = open();
    await sandbox.warm(job(''));
    await new Promise((resolve) => setTimeout(resolve, 600)); // it waits
    const first = await sandbox.run(job(AGE));
    expect(Number(first.stdout), first.stderr).toBeGreaterThan(0.5);
    const mark = `import os; print(os.listdir('/tmp') + os.listdir('.')); open('/tmp/mark', 'w').close(); open('mark', 'w').close()`;
    for (let round = 0; round < 3; round++) {
      await sandbox.warm(job(''));
      expect((await sandbox.run(job(mark))).stdout).toBe('[]\n');
    }
    await sandbox.close();
  });

  it('is not for what is of another kind', async () => {
    const sandbox = open();
    await sandbox.warm(job(''));
    const shell = { kind: 'code', language: 'shell', source: 'echo shell' } as const;
    expect((await sandbox.run(job('', { program: shell }))).stdout).toBe('shell\n');
    await sandbox.close();
  });

  it('is taken down with the rest, and leaves nothing', async () => {
    const first = open();
    await first.run(job('')); // what is opened once for all runs is opened
    await first.close();
    const before = countLeftovers();
    const sandbox = open();
    await sandbox.warm(job('', { profile: { ...profile, warm: 3 } }));
    expect(countLeftovers().processes).toBeGreaterThanOrEqual(before.processes + 3);
    await sandbox.close();
    expect(findLeft(before)).toEqual({});
  });
});
