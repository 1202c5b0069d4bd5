import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ContainerSandbox } from '../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { buildImage, removeImage } from './build-image.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countEngineMounts, countLeftovers } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { isTold } from './told.ts';

/** Podman where it is there; Docker where somebody runs its daemon and asks for it. */
const ENGINES = [
  ...(existsSync('/usr/bin/podman') ? ['podman'] : []),
  ...(process.env['CHAPERONE_DOCKER'] === '1' ? ['docker'] : []),
];
const SETTLE_MS = 20_000;
/** A container has terminals of its own. */
const HARMLESS = new Set(['types into a terminal']);

let world: HostWorld;
let gateways: readonly [patient: ProbeGateway, quick: ProbeGateway];

// By root: rootless containers take a user with ranges of ids, which is the host's to set up.
describe.each(process.getuid?.() === 0 ? ENGINES : [])('tier container, by %s', (engine) => {
  let folder: string;
  let image: string;
  beforeAll(async () => {
    // No other engine is found.
    folder = await mkdtemp(join(tmpdir(), 'chaperone-engine-'));
    await symlink(`/usr/bin/${engine}`, join(folder, engine));
    image = await buildImage(`/usr/bin/${engine}`, 'probes');
    world = await layOutHost();
    const open = (time: string) =>
      ProbeGateway.open({
        profile: { tier: 'container', memory: '128MB', space: '64MB', time },
        language: 'python',
        builtin: { image },
        environment: { PATH: folder },
        agents: probes.length + 1,
      });
    gateways = [await open('60s'), await open('2900ms')];
    // What an engine sets up when it first runs stays for the next.
    for (const gateway of gateways) await gateway.warm();
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await world.close();
    await removeImage(`/usr/bin/${engine}`, 'probes');
    await rm(folder, { recursive: true });
  });

  it.each(probes)('holds one that $name, and tells people', async (probe) => {
    const source = await succeedBare(probe, world);
    const before = countLeftovers();
    const mountsBefore = countEngineMounts();
    const [patient, quick] = gateways;
    const outcome = await (probe.noticed === 'time' ? quick : patient).run(source);
    if (HARMLESS.has(probe.name)) return;
    expect(succeeded(probe, world, outcome.stdout), outcome.stdout.slice(0, 500)).toBe(false);
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined || !isTold('container', probe.noticed)) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    // An engine tidies up behind the container, after its program has ended.
    await vi.waitFor(() => {
      expect(countLeftovers()).toEqual(before);
      expect(countEngineMounts()).toBeLessThanOrEqual(mountsBefore);
    }, SETTLE_MS);
  });

  it('ends what a gateway left running that was killed', async () => {
    const { pid } = spawnSync('/usr/bin/true');
    const name = `chaperone-${pid}-left`;
    const args = ['run', '--detach', '--rm', '--network', 'none', '--name', name, '--label', 'chaperone.profile=code'];
    const limits = ['--ulimit', 'nofile=256:256', '--ulimit', 'nproc=4096:4096'];
    execFileSync(`/usr/bin/${engine}`, [...args, ...limits, image, '/usr/bin/sleep', '600']);
    const list = () =>
      execFileSync(`/usr/bin/${engine}`, ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' });
    expect(list()).toContain(name);
    const next = new ContainerSandbox({ clock: systemClock, path: [folder], image });
    await next.check();
    await next.close();
    expect(list()).not.toContain(name);
  });
});
