import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers, findLeft } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { isTold } from './told.ts';

/** What its own kernel does for a program without the host hearing of it: there is nothing to hold. */
const HARMLESS = new Set([
  ...['traces a process', 'reads the memory of a process', 'puts a key on the keyring of the kernel'],
  ...['opens a new user namespace', 'opens a new mount namespace', 'opens a new namespace with clone'],
]);
/** Its kernel knows no such thing, and is not watched for it. */
const UNKNOWN = new Set(['types into a terminal']);

let world: HostWorld;
let gateways: readonly [patient: ProbeGateway, quick: ProbeGateway];
beforeAll(async () => {
  world = await layOutHost();
  const open = (time: string) => {
    const profile = { tier: 'gvisor', memory: '128MB', processes: 8, space: '64MB', time };
    return ProbeGateway.open({ profile, language: 'python', agents: probes.length + 2 });
  };
  gateways = [await open('60s'), await open('2900ms')];
  for (const gateway of gateways) await gateway.warm(); // what is opened once for all runs is opened
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await world.close();
});

describe('tier gvisor', () => {
  it.each(probes)('holds one that $name, and tells people', async (probe) => {
    const source = await succeedBare(probe, world);
    const before = countLeftovers();
    const [patient, quick] = gateways;
    const outcome = await (probe.noticed === 'time' ? quick : patient).run(source);
    if (!HARMLESS.has(probe.name))
      expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined || !isTold('gvisor', probe.noticed) || UNKNOWN.has(probe.name))
      expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    expect(findLeft(before)).toEqual({});
  });

  it('gives a program as many processes as its profile says, and tells nothing of that', async () => {
    const [patient] = gateways;
    const source = `
import subprocess
children = [subprocess.Popen(['/bin/sleep', '1']) for _ in range(6)]
print([child.wait() for child in children])`;
    const { stdout, attempts } = await patient.run(source);
    expect(stdout).toBe(`[${Array(6).fill(0).join(', ')}]\n`);
    expect(attempts).toEqual([]);
  });
});
