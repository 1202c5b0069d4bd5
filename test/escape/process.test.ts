import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProfile } from '../../src/model/profile.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers, findLeft } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { Nobody } from './start-nobody.ts';

const small = { time: 1_500, memory: 134_217_728, space: 67_108_864 };
const isRoot = process.getuid?.() === 0;
/** Without control groups nobody counts what was refused; it is refused all the same. */
const UNCOUNTED = new Set(isRoot ? [] : ['memory', 'processes']);

let world: HostWorld;
beforeAll(async () => {
  world = await layOutHost();
});
afterAll(() => world.close());

describe('tier process', () => {
  let gateway: ProbeGateway;
  beforeAll(async () => {
    gateway = await ProbeGateway.open({
      profile: { time: '1500ms', memory: '128MB', space: '64MB', limits: isRoot ? 'total' : 'per-process' },
      language: 'python',
      agents: probes.length + 1,
    });
    await gateway.warm(); // what is opened once for all runs is opened
  });
  afterAll(() => gateway.close());

  it.each(probes)('holds and notices one that $name, and tells people', async (probe) => {
    const source = await succeedBare(probe, world);
    const before = countLeftovers();
    const outcome = await gateway.run(source);
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined || UNCOUNTED.has(probe.noticed)) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(findLeft(before)).toEqual({});
  });
});

describe('tier process, of a user without rights and without control groups', () => {
  const profile = findProfile({ code: { ...small, limits: 'per-process' } }, 'code');
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
