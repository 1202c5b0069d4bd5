import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ContainerSandbox } from '../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findProfile } from '../../src/model/profile.ts';
import { buildBareImage, buildImage, removeImage } from './build-image.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countEngineMounts, countLeftovers, findLeft } from './leftovers.ts';
import { listEngines } from './list-engines.ts';
import { succeeded } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { isTold } from './told.ts';

const SETTLE_MS = 20_000;
/** A container has terminals of its own. */
const HARMLESS = new Set(['types into a terminal']);

let world: HostWorld;
let gateways: readonly [patient: ProbeGateway, quick: ProbeGateway];

describe.each(listEngines())('tier container, by $name', ({ name: engine, path }) => {
  let folder: string;
  let image: string;
  beforeAll(async () => {
    // No other engine is found.
    folder = await mkdtemp(join(tmpdir(), 'chaperone-engine-'));
    await symlink(path, join(folder, engine));
    image = await buildImage(path, 'probes');
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
    await removeImage(path, 'probes');
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
      expect(findLeft(before)).toEqual({});
      expect(countEngineMounts()).toBeLessThanOrEqual(mountsBefore);
    }, SETTLE_MS);
  });

  it.each([
    ['no shell', 'bare', /has no `\/bin\/sh`/],
    ['nothing of that name', 'absent', new RegExp(`is not there.*\`${engine} pull `)],
  ])('says of an image with %s what is wrong with it, and runs nothing', async (_what, kind, says) => {
    const absent = `localhost/chaperone-absent@sha256:${'0'.repeat(64)}`;
    const other = new ContainerSandbox({
      clock: systemClock,
      path: [folder],
      image: kind === 'bare' ? await buildBareImage(path) : absent,
    });
    const profile = findProfile({ code: { tier: 'container', time: 60_000 } }, 'code');
    if (profile === undefined) throw new Error('`code` is a ready profile');
    const before = countLeftovers();
    const program = { kind: 'command', argv: ['/usr/bin/true'] } as const;
    await expect(other.run({ profile, program, files: [] })).rejects.toMatchObject({
      code: 'E_SANDBOX_UNAVAILABLE',
      message: expect.stringMatching(says),
    });
    await other.close();
    await vi.waitFor(() => expect(findLeft(before)).toEqual({}), SETTLE_MS);
    if (kind === 'bare') await removeImage(path, 'bare');
  });

  it('ends what a gateway left running that was killed', async () => {
    const { pid } = spawnSync('/usr/bin/true');
    const name = `chaperone-${pid}-left`;
    const args = ['run', '--detach', '--rm', '--network', 'none', '--name', name, '--label', 'chaperone.profile=code'];
    const limits = ['--ulimit', 'nofile=256:256', '--ulimit', 'nproc=4096:4096'];
    execFileSync(path, [...args, ...limits, image, '/usr/bin/sleep', '600']);
    const list = () => execFileSync(path, ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' });
    expect(list()).toContain(name);
    const next = new ContainerSandbox({ clock: systemClock, path: [folder], image });
    await next.check();
    await next.close();
    expect(list()).not.toContain(name);
  });
});
