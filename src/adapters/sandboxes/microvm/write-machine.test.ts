import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { findProfile } from '../../../model/profile.ts';
import { ports } from './guest-init.ts';
import { MicrovmSandbox } from './open-microvm-sandbox.ts';
import { writeFirecrackerConfig } from './write-firecracker-config.ts';
import { writeInitramfs } from './write-initramfs.ts';
import { type Machine, writeQemuArguments } from './write-machine.ts';

const machine: Machine = {
  kernel: '/boot/vmlinuz',
  initramfs: '/cache/first.cpio',
  disks: ['/cache/disk.ext4', '/tmp/input.ext4'],
  memoryBytes: 200 * 1_048_576,
  processors: 3,
  spaceBytes: 1_000_000,
  roomsBytes: 2_000_000,
};

describe('a machine in QEMU’s words', () => {
  const descriptors = Object.fromEntries(Object.values(ports).map((n) => [n, n])) as never;
  const args = writeQemuArguments(machine, { acceleration: 'tcg', clockKhz: 2_000_000, descriptors });
  const valuesOf = (flag: string) => args.flatMap((arg, index) => (arg === flag ? [args[index + 1] ?? ''] : []));

  it('has no network, no screen, no monitor and nothing that is there by default', () => {
    expect(args).toEqual(expect.arrayContaining(['-no-user-config', '-nodefaults', '-nographic']));
    expect(valuesOf('-monitor')).toEqual(['none']);
    expect(valuesOf('-device').map((device) => device.split(',')[0])).toEqual([
      'virtio-blk-device',
      'virtio-blk-device',
      'virtio-serial-device',
      ...Object.keys(ports).map(() => 'virtserialport'),
    ]);
    for (const flag of ['-netdev', '-net', '-nic', '-fsdev', '-virtfs', '-usb', '-qmp', '-vnc'])
      expect(args).not.toContain(flag);
  });

  it('writes no disk, and starts nothing', () => {
    for (const drive of valuesOf('-drive')) expect(drive).toContain('readonly=on');
    expect(valuesOf('-sandbox')).toEqual(['on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']);
  });
});

/**
 * What Firecracker’s API description says of these parts (`src/firecracker/swagger/firecracker.yaml` at commit
 * 004d9353): required and known names, types, bounds. Names it does not know are refused here.
 */
const text = { type: 'string' };
const yes = { type: 'boolean' };
const object = (properties: object, required: string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const published = object(
  {
    'boot-source': object({ boot_args: text, initrd_path: text, kernel_image_path: text }, ['kernel_image_path']),
    drives: {
      type: 'array',
      items: object(
        {
          ...{
            drive_id: text,
            partuuid: text,
            is_root_device: yes,
            is_read_only: yes,
            path_on_host: text,
            socket: text,
          },
          cache_type: { enum: ['Unsafe', 'Writeback'] },
          io_engine: { enum: ['Sync', 'Async'] },
        },
        ['drive_id', 'is_root_device'],
      ),
    },
    'machine-config': object(
      {
        vcpu_count: { type: 'integer', minimum: 1, maximum: 32 },
        mem_size_mib: { type: 'integer' },
        ...{
          smt: yes,
          track_dirty_pages: yes,
          cpu_template: text,
          huge_pages: { enum: ['None', 'Transparent', '2M'] },
        },
      },
      ['mem_size_mib', 'vcpu_count'],
    ),
    vsock: object({ guest_cid: { type: 'integer', minimum: 3 }, uds_path: text, vsock_id: text }, [
      'guest_cid',
      'uds_path',
    ]),
    'network-interfaces': { type: 'array' },
  },
  [],
);

describe('the same machine in Firecracker’s words', () => {
  it('is what its published API takes, without a network and without a disk that can be written', () => {
    const config = writeFirecrackerConfig(machine, '/run/machine.sock');
    const validate = new Ajv({ strict: false }).compile(published);
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
    expect(config).not.toHaveProperty('network-interfaces');
    expect(config.drives.every(({ is_read_only, is_root_device }) => is_read_only && !is_root_device)).toBe(true);
    expect(config['machine-config']).toMatchObject({ vcpu_count: 4, mem_size_mib: 200 });
    expect(validate({ ...config, drives: [{ drive_id: 'x' }] })).toBe(false);
  });
});

describe('the first files of a machine', () => {
  it('are equal bytes for equal files, each header and each file on a boundary of four', () => {
    const files = [{ path: 'bin' }, { path: 'bin/a', bytes: Buffer.from('abcde'), isProgram: true }];
    const bytes = Buffer.from(writeInitramfs(files));
    expect(bytes).toEqual(writeInitramfs(files));
    const headers = [...bytes.toString('latin1').matchAll(/070701/g)].map(({ index }) => index);
    expect(headers).toHaveLength(3);
    for (const at of headers) expect(at % 4).toBe(0);
    expect(bytes.toString('latin1')).toContain('bin/a\0');
  });
});

describe('tier microvm where something is missing', () => {
  it('says what to install, and runs nothing', async () => {
    const profile = findProfile({ vm: { tier: 'microvm' } }, 'vm');
    if (profile === undefined) throw new Error('it was just written');
    const sandbox = new MicrovmSandbox({
      clock: systemClock,
      path: [],
      isRoot: true,
      cacheFolder: '/nowhere',
      kernelRoot: '/nowhere',
    });
    const job = { profile, program: { kind: 'command', argv: ['/usr/bin/true'] }, files: [] } as const;
    for (const attempt of [sandbox.check(), sandbox.run(job)])
      await expect(attempt).rejects.toMatchObject({
        code: 'E_SANDBOX_UNAVAILABLE',
        message: expect.stringMatching(/apt-get install .*qemu-system-x86 linux-image-cloud-amd64/),
      });
  });
});
