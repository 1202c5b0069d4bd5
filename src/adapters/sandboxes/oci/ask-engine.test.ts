import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { readyProfiles } from '../../../model/profile.ts';
import { findUnheld } from './ask-engine.ts';
import { ContainerSandbox } from './open-container-sandbox.ts';

/** As each says it: Podman 4.3 of root and of a user, both with control groups of version 1, and Docker 20.10. */
const ofRoot = { host: { cgroupVersion: 'v1', cgroupControllers: ['cpuset', 'cpu', 'cpuacct', 'memory', 'pids'] } };
const ofUser = { host: { cgroupVersion: 'v1', cgroupControllers: [], security: { rootless: true } } };
const docker = { MemoryLimit: true, SwapLimit: true, PidsLimit: true, CpuCfsPeriod: true, CpuCfsQuota: true };

describe('what an engine holds', () => {
  it.each([
    ['Podman of root', ofRoot, []],
    ['Podman of a user', ofUser, ['memory', 'pids', 'cpu']],
    ['Podman of a user who was given some', { host: { cgroupControllers: ['memory', 'pids'] } }, ['cpu']],
    ['Docker', docker, []],
    ['Docker without a limit', { ...docker, PidsLimit: false }, ['pids']],
    ['an engine that says nothing of it', {}, ['memory', 'pids', 'cpu']],
  ])('is read from what %s says', (_, info, unheld) => {
    expect(findUnheld(JSON.stringify(info))).toEqual(unheld);
  });

  it('is nothing where it is not said in JSON', () => {
    expect(findUnheld('host: {}')).toEqual(['memory', 'pids', 'cpu']);
  });

  it('is all of a profile’s limits, or it runs nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-unheld-'));
    const engine = join(folder, 'podman');
    const script = `[ "$1" = info ] && { echo '${JSON.stringify(ofUser)}'; exit; }\n[ "$1" = run ] && touch ${folder}/ran`;
    writeFileSync(engine, `#!/bin/sh\n${script}\n`);
    chmodSync(engine, 0o755);
    const sandbox = new ContainerSandbox({ clock: systemClock, path: [folder], image: `sha256:${'0'.repeat(64)}` });
    const { code } = readyProfiles;
    if (code === undefined) throw new Error('`code` is a ready profile');
    const profile = { ...code, tier: 'container' } as const;
    const program = { kind: 'command', argv: ['/usr/bin/true'] } as const;
    await expect(sandbox.run({ profile, program, files: [] })).rejects.toMatchObject({
      code: 'E_SANDBOX_LIMIT',
      message: expect.stringMatching(/podman.*memory, pids, cpu/),
    });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
