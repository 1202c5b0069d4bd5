import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessSandbox } from '../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findProfile } from '../../src/model/profile.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { Nobody } from './start-nobody.ts';

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const small = { time: 1_500, memory: 134_217_728, space: 67_108_864 };
const isRoot = process.getuid?.() === 0;

let world: HostWorld;
beforeAll(async () => {
  world = await layOutHost();
});
afterAll(() => world.close());

describe('tier process', () => {
  const sandbox = new ProcessSandbox({ clock: systemClock, path: PATH, isRoot });
  const profile = findProfile({ code: { ...small, ...(isRoot ? {} : { limits: 'per-process' }) } }, 'code');
  afterAll(() => sandbox.close());

  it.each(probes)('holds and notices one that $name', async (probe) => {
    if (profile === undefined) throw new Error('`code` is a ready profile');
    const source = await succeedBare(probe, world);
    await sandbox.check();
    const before = countLeftovers();
    const program = { kind: 'code', language: probe.language, source } as const;
    const outcome = await sandbox.run({ profile, program, files: [] });
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(countLeftovers()).toEqual(before);
  });
});

describe('tier process, of a user without rights and without control groups', () => {
  const profile = findProfile({ code: { ...small, limits: 'per-process' } }, 'code');
  /** Without control groups nobody counts what was refused; it is refused all the same. */
  const uncounted = new Set(['memory', 'processes']);
  let nobody: Nobody;
  beforeAll(async () => {
    nobody = await Nobody.start();
  });
  afterAll(() => nobody.stop());

  it.each(probes)('holds and notices one that $name', async (probe) => {
    if (profile === undefined) throw new Error('`code` is a ready profile');
    const source = await succeedBare(probe, world);
    const outcome = await nobody.run(profile, { kind: 'code', language: probe.language, source });
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined || uncounted.has(probe.noticed)) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
  });
});
