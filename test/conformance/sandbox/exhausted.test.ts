import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openControlGroups } from '../../../src/adapters/sandboxes/process/cgroups.ts';
import { readyProfiles } from '../../../src/model/profile.ts';
import { buildImage, removeImage } from '../../escape/build-image.ts';

const MANY = 2_000;
const PODMAN = '/usr/bin/podman';
const file = fileURLToPath(new URL('./run-without-pids.ts', import.meta.url));

/** Taking process numbers away from one gateway alone takes a control group, and that takes root. */
const isRoot = process.getuid?.() === 0;
const tiers = isRoot ? ['wasm', 'process', 'gvisor', 'microvm', ...(existsSync(PODMAN) ? ['container'] : [])] : [];

it.each(tiers)(
  'tier %s: a gateway whose host has no process left says so, leaves nothing, and goes on when there are some',
  { timeout: 300_000 },
  async (tier) => {
    const image = tier === 'container' ? await buildImage(PODMAN, 'exhausted') : '';
    const groups = await openControlGroups('/sys/fs/cgroup', await readFile('/proc/self/cgroup', 'utf8'));
    const { code } = readyProfiles;
    if (groups === undefined || code === undefined) throw new Error('root makes control groups');
    const roomy = { ...code, memoryBytes: 2_147_483_648, processes: MANY, cpu: 2 };
    const group = await groups.create(`${process.pid}-exhausted`, roomy);
    const child = spawn(process.execPath, ['--no-warnings', '--expose-gc', file, tier], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, CHAPERONE_IMAGE: image },
    });
    try {
      await group.enter(child.pid ?? 0);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async () => String((await lines.next()).value);
      expect(await next()).toBe('ready');
      const pids = dirname(group.doors.find((door) => /pids/.test(door)) ?? group.doors[0] ?? '');
      const ask = async () => {
        child.stdin.write('go\n');
        return JSON.parse(await next());
      };
      await writeFile(join(pids, 'pids.max'), '1');
      expect(await ask()).toEqual({ code: 'E_SANDBOX', isClean: true });
      await writeFile(join(pids, 'pids.max'), `${MANY}`);
      expect(await ask()).toEqual({ stdout: 'ran\n', isClean: true });
    } finally {
      child.stdin.end();
      child.kill('SIGKILL');
      await group.kill();
      await group.remove();
      if (image !== '') await removeImage(PODMAN, 'exhausted');
    }
  },
);
