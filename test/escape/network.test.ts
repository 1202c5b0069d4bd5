import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildImage, removeImage } from './build-image.ts';
import type { NetworkResult } from './network-host.ts';

const file = fileURLToPath(new URL('./network-host.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const PODMAN = '/usr/bin/podman';
const hasPodman = isRoot && existsSync(PODMAN);
const tiers = isRoot ? ['process', 'gvisor', 'microvm', ...(hasPodman ? ['container'] : [])] : ['process', 'microvm'];

function runHost(image: string): Promise<readonly NetworkResult[]> {
  const env = { ...process.env, CHAPERONE_IMAGE: image };
  const own = isRoot ? ['--net'] : ['--net', '--user', '--map-root-user'];
  return new Promise((resolve, reject) =>
    execFile(
      'unshare',
      [...own, process.execPath, '--no-warnings', file, ...tiers],
      { env },
      (error, stdout, stderr) =>
        error === null ? resolve(JSON.parse(stdout)) : reject(new Error(`${error.message}\n${stderr}`)),
    ),
  );
}

describe('a host whose network would carry anything out', () => {
  it('is reached without walls, and by no program in any tier, and trying is noticed', {
    timeout: 600_000,
  }, async () => {
    const results = await runHost(hasPodman ? await buildImage(PODMAN, 'network') : '');
    if (hasPodman) await removeImage(PODMAN, 'network');
    const of = (where: string) => results.filter((result) => result.where === where);
    const success = { got: true, carried: true };
    expect(of('bare'), 'void: what does not succeed without walls').toMatchObject([success, success, success]);
    for (const tier of tiers) {
      expect(of(tier), tier).toHaveLength(3);
      for (const { probe, got, carried, noticed } of of(tier)) {
        expect({ got, carried }, `${tier}: ${probe}`).toEqual({ got: false, carried: false });
        // A kernel counts what has no way, and not where to; gVisor’s own tells the address.
        const severity = tier === 'gvisor' && probe.includes('asks') ? 'high' : 'medium';
        expect(noticed, `${tier}: ${probe}`).toEqual([{ kind: 'network', severity }]);
      }
    }
  });
});
