import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import { findProgram } from '../find-program.ts';
import type { FirstFile } from './write-initramfs.ts';

/** What machines of this host are made of. */
export interface MachineParts {
  readonly qemu: string;
  readonly busybox: string;
  readonly mke2fs: string;
  readonly bwrap: string;
  readonly kernel: string;
  /** In the order in which they are loaded; what the kernel has built in is not among them. */
  readonly modules: readonly FirstFile[];
}

/** By which a kernel sees its devices and reads the disk, each after what it needs. */
const MODULES = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_mmio',
  'drivers/block/virtio_blk',
  'drivers/char/virtio_console',
  'lib/crc16',
  'arch/x86/crypto/crc32c-intel',
  'crypto/crc32c_generic',
  'fs/mbcache',
  'fs/jbd2/jbd2',
  'fs/ext4/ext4',
];
const PROGRAMS = ['qemu-system-x86_64', 'busybox', 'mke2fs', 'bwrap'] as const;
const PACKAGES = 'qemu-system-x86 linux-image-cloud-amd64 busybox-static e2fsprogs bubblewrap';
const ADVICE = `install what it takes: \`apt-get install --no-install-recommends ${PACKAGES}\``;
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * Looks for what a machine takes. `kernelRoot` is the folder that has `boot` and `lib/modules` in it: `/`, or where a
 * package of a kernel was unpacked. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE that says what to install.
 */
export async function findMachineParts(path: readonly string[], kernelRoot: string): Promise<MachineParts> {
  const [qemu, busybox, mke2fs, bwrap] = await Promise.all(
    PROGRAMS.map(async (name) => {
      const found = await findProgram(name, [...path, ...SYSTEM_FOLDERS]);
      if (found === undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', `\`${name}\` is missing; ${ADVICE}`);
      return found;
    }),
  );
  if (qemu === undefined || busybox === undefined || mke2fs === undefined || bwrap === undefined)
    throw new Error('each of these was found above');
  const version = await findKernel(kernelRoot);
  if (version === undefined)
    throw new Fault('E_SANDBOX_UNAVAILABLE', `no kernel with its modules is in ${kernelRoot}; ${ADVICE}`);
  return {
    qemu,
    busybox,
    mke2fs,
    bwrap,
    kernel: join(kernelRoot, 'boot', `vmlinuz-${version}`),
    modules: await readModules(join(kernelRoot, 'lib/modules', version, 'kernel')),
  };
}

/** The newest that has modules and can be read; one that was made for machines before any other. */
async function findKernel(root: string): Promise<string | undefined> {
  const names = await readdir(join(root, 'boot')).catch(() => []);
  const versions = names.filter((name) => name.startsWith('vmlinuz-')).map((name) => name.slice('vmlinuz-'.length));
  const weight = (version: string) => (version.includes('cloud') ? 1 : 0);
  versions.sort((a, b) => weight(b) - weight(a) || b.localeCompare(a, 'en', { numeric: true }));
  for (const version of versions) {
    const isThere = await Promise.all([
      access(join(root, 'boot', `vmlinuz-${version}`)),
      access(join(root, 'lib/modules', version, 'kernel')),
    ]).then(
      () => true,
      () => false,
    );
    if (isThere) return version;
  }
  return undefined;
}

async function readModules(folder: string): Promise<readonly FirstFile[]> {
  const found: FirstFile[] = [];
  for (const name of MODULES) {
    const file = join(folder, `${name}.ko`);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes !== undefined) {
      found.push({ path: `modules/${name.slice(name.lastIndexOf('/') + 1)}.ko`, bytes });
      continue;
    }
    const names = await readdir(file.slice(0, file.lastIndexOf('/'))).catch(() => []);
    if (names.some((other) => other.startsWith(`${name.slice(name.lastIndexOf('/') + 1)}.ko.`)))
      throw new Fault('E_SANDBOX_UNAVAILABLE', `the modules of the kernel in ${folder} are packed; ${ADVICE}`);
  }
  return found;
}
