import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GvisorSandbox } from '../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findProfile } from '../../src/model/profile.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { isTold } from './told.ts';

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** What its own kernel does for a program without the host hearing of it: there is nothing to hold. */
const HARMLESS = new Set([
  ...['traces a process', 'reads the memory of a process', 'puts a key on the keyring of the kernel'],
  ...['opens a new user namespace', 'opens a new mount namespace', 'opens a new namespace with clone'],
]);
/** Its kernel knows no such thing, and is not watched for it. */
const UNKNOWN = new Set(['types into a terminal']);

let world: HostWorld;
const sandbox = new GvisorSandbox({ clock: systemClock, path: PATH, isRoot: process.getuid?.() === 0 });
beforeAll(async () => {
  world = await layOutHost();
});
afterAll(async () => {
  await sandbox.close();
  await world.close();
});

describe('tier gvisor', () => {
  const profile = findProfile({ code: { tier: 'gvisor', memory: 134_217_728, space: 67_108_864 } }, 'code');

  it.each(probes)('holds one that $name', async (probe) => {
    if (profile === undefined) throw new Error('`code` is a ready profile');
    const source = await succeedBare(probe, world);
    await sandbox.check();
    const before = countLeftovers();
    const program = { kind: 'code', language: probe.language, source } as const;
    const timeMs = probe.noticed === 'time' ? 2_900 : 60_000;
    const outcome = await sandbox.run({ profile: { ...profile, timeMs }, program, files: [] });
    if (!HARMLESS.has(probe.name))
      expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined || !isTold('gvisor', probe.noticed) || UNKNOWN.has(probe.name))
      expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(countLeftovers()).toEqual(before);
  });
});
