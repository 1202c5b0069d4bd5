import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers, findLeft } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';

/** A machine takes seconds to come up where it is emulated; all probes are tried where somebody asks for it. */
const tried = probes.filter(({ inMachine }) => inMachine || process.env['CHAPERONE_ESCAPE'] === 'all');

let world: HostWorld;
let gateways: readonly [patient: ProbeGateway, quick: ProbeGateway];
beforeAll(async () => {
  const cache = tmpdir();
  world = await layOutHost();
  const open = (time: string) =>
    ProbeGateway.open({
      profile: { tier: 'microvm', memory: '128MB', space: '64MB', time },
      language: 'python',
      builtin: { kernel: process.env['CHAPERONE_KERNEL'] ?? '/' },
      environment: { XDG_CACHE_HOME: cache },
      agents: tried.length + 1,
    });
  // Of what computes and waits for three seconds, the host ends it before.
  gateways = [await open('120s'), await open('2500ms')];
  for (const gateway of gateways) await gateway.warm(); // what is opened once for all runs is opened
}, 300_000);
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await world.close();
});

describe('tier microvm', () => {
  it.each(tried)('holds and notices one that $name, and tells people', { timeout: 300_000 }, async (probe) => {
    const source = await succeedBare(probe, world);
    const before = countLeftovers();
    const [patient, quick] = gateways;
    const outcome = await (probe.noticed === 'time' ? quick : patient).run(source);
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(findLeft(before)).toEqual({});
  });
});
