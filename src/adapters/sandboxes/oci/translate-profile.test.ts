import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { findProfile } from '../../../model/profile.ts';
import type { Sandbox } from '../../../ports/sandbox.ts';
import { ContainerSandbox } from './open-container-sandbox.ts';
import { GvisorSandbox, writeRuntimeArguments } from './open-gvisor-sandbox.ts';
import { writeEngineArguments } from './write-engine-arguments.ts';
import { writeSpec } from './write-spec.ts';

const profile = findProfile({ code: { cpu: 0.5, processes: 7, openFiles: 64, time: 2_000 } }, 'code');
if (profile === undefined) throw new Error('`code` is a ready profile');
const image = `images.company.com/python@sha256:${'0'.repeat(64)}`;

describe('a profile in the words of an engine', () => {
  const args = writeEngineArguments({
    profile,
    image,
    name: 'chaperone-1',
    argv: ['/usr/bin/true'],
    work: '/tmp/w',
    inputFolder: '/srv/in',
    seccomp: '/tmp/calls.json',
  });
  const valuesOf = (flag: string) => args.flatMap((arg, index) => (arg === flag ? [args[index + 1]] : []));

  it('gives every limit, and nothing that a profile does not', () => {
    expect(valuesOf('--network')).toEqual(['none']);
    expect(valuesOf('--memory')).toEqual(valuesOf('--memory-swap'));
    expect(valuesOf('--memory')).toEqual([`${profile.memoryBytes}b`]);
    expect(valuesOf('--cpus')).toEqual(['0.5']);
    expect(valuesOf('--pids-limit')).toEqual(['7']);
    expect(valuesOf('--cap-drop')).toEqual(['ALL']);
    expect(valuesOf('--security-opt')).toEqual(['no-new-privileges', 'seccomp=/tmp/calls.json']);
    expect(valuesOf('--pull')).toEqual(['never']);
    expect(valuesOf('--ulimit')).toContain('nofile=64:64');
    expect(valuesOf('--mount')).toEqual([
      'type=bind,source=/tmp/w,target=/work',
      'type=bind,source=/srv/in,target=/input,readonly',
    ]);
    expect(args).toContain('--read-only');
    for (const flag of ['--privileged', '--device', '--cap-add', '--publish', '--volume', '--pid', '--userns'])
      expect(args).not.toContain(flag);
  });

  it('ends its own words before the program’s', () => {
    expect(args.slice(args.indexOf(image))).toEqual([image, '/usr/bin/true']);
  });
});

describe('a profile in the words of an OCI runtime', () => {
  const spec = writeSpec({
    profile,
    argv: ['/usr/bin/true'],
    readable: [{ from: '/usr', to: '/usr' }],
    work: '/tmp/w',
    root: '/tmp/r',
  });

  it('gives no capability, and only what is to be read', () => {
    expect(spec).toMatchObject({
      root: { readonly: true },
      process: { noNewPrivileges: true, user: { uid: 65_534 }, capabilities: { bounding: [], effective: [] } },
    });
    const mounts = spec['mounts'] as { destination: string; options: string[] }[];
    const writable = mounts.filter(({ options }) => !options.includes('ro')).map(({ destination }) => destination);
    expect(writable).toEqual(['/proc', '/work', '/tmp']);
  });

  it('never lets gVisor reach the network or a socket of the host', () => {
    const args = writeRuntimeArguments('/tmp/state', 'systrap').join(' ');
    expect(args).toContain('--network none');
    expect(args).toContain('--host-uds none');
  });
});

describe('a tier that is not there', () => {
  const nothing = { clock: systemClock, path: ['/nowhere'] };
  it.each<[string, Sandbox, RegExp]>([
    ['gvisor', new GvisorSandbox({ ...nothing, isRoot: true }), /runsc.*install/],
    ['container', new ContainerSandbox({ ...nothing, image }), /apt-get install podman/],
    ['container without an image', new ContainerSandbox({ ...nothing, image: undefined }), /builtin\.image/],
  ])('%s says what to install, and runs nothing', async (_, sandbox, says) => {
    const job = { profile, program: { kind: 'command', argv: ['/usr/bin/true'] }, files: [] } as const;
    for (const attempt of [() => sandbox.check(), () => sandbox.run(job)]) {
      const fault = await attempt().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: 'E_SANDBOX_UNAVAILABLE', message: expect.stringMatching(says) });
    }
  });
});
