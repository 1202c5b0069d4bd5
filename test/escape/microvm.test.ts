import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MicrovmSandbox } from '../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findProfile } from '../../src/model/profile.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** A machine takes seconds to come up where it is emulated; all probes are tried where somebody asks for it. */
const tried = probes.filter(({ inMachine }) => inMachine || process.env['CHAPERONE_ESCAPE'] === 'all');

let world: HostWorld;
let sandbox: MicrovmSandbox;
beforeAll(async () => {
  sandbox = new MicrovmSandbox({
    clock: systemClock,
    path: PATH,
    isRoot: process.getuid?.() === 0,
    cacheFolder: join(tmpdir(), 'chaperone-machines'),
    kernelRoot: process.env['CHAPERONE_KERNEL'] ?? '/',
  });
  world = await layOutHost();
});
afterAll(async () => {
  await sandbox.close();
  await world.close();
});

describe('tier microvm', () => {
  // Of what computes and waits for three seconds, the host ends it before.
  const profile = findProfile({ code: { tier: 'microvm', memory: 134_217_728, space: 67_108_864 } }, 'code');

  it.each(tried)('holds and notices one that $name', { timeout: 300_000 }, async (probe) => {
    if (profile === undefined) throw new Error('`code` is a ready profile');
    const source = await succeedBare(probe, world);
    await sandbox.check();
    const before = countLeftovers();
    const program = { kind: 'code', language: probe.language, source } as const;
    const timeMs = probe.noticed === 'time' ? 2_500 : 120_000;
    const outcome = await sandbox.run({ profile: { ...profile, timeMs }, program, files: [] });
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(countLeftovers()).toEqual(before);
  });
});
