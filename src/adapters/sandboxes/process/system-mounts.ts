import { lstat, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Folders of the system that programs run from. Read only, like everything in a sandbox but `/work` and `/tmp`. */
const SYSTEM = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** What libraries look up and no secret is in. */
const ETC = ['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives', 'localtime', 'ssl/certs', 'mime.types'];
/** Parts of `/proc` that tell of the whole machine and that no ordinary program reads. */
export const HIDDEN_FILES = [
  'kcore',
  'keys',
  'key-users',
  'timer_list',
  'latency_stats',
  'sched_debug',
  'kallsyms',
  'config.gz',
];
export const HIDDEN_FOLDERS = ['acpi', 'scsi', 'asound'];

/** The mounts of every sandbox of this host: looked up once. */
export interface SystemMounts {
  readonly everything: readonly string[];
  /** For a sandbox that has only some programs: libraries and nothing that is to be run. */
  readonly libraries: readonly string[];
  readonly etc: readonly string[];
  readonly hidden: readonly string[];
}

export async function findSystemMounts(architecture: string): Promise<SystemMounts> {
  const shared: string[] = [];
  const links: string[] = [];
  for (const folder of SYSTEM) {
    const found = await lstat(folder).catch(() => undefined);
    if (found?.isSymbolicLink()) links.push('--symlink', await readlink(folder), folder);
    else if (found?.isDirectory()) shared.push('--ro-bind', folder, folder);
  }
  const triplet = architecture === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const hidden: string[] = [];
  for (const name of HIDDEN_FILES) {
    if (await isThere(`/proc/${name}`)) hidden.push('--ro-bind', '/dev/null', `/proc/${name}`);
  }
  for (const name of HIDDEN_FOLDERS) {
    if (await isThere(`/proc/${name}`)) hidden.push('--perms', '0555', '--size', '4096', '--tmpfs', `/proc/${name}`);
  }
  return {
    everything: ['--ro-bind', '/usr', '/usr', ...shared, ...links],
    libraries: [
      // What is made on the way to a mount is closed to everybody but root.
      ...['/usr', '/usr/lib', '/usr/bin'].flatMap((folder) => ['--perms', '0755', '--dir', folder]),
      ...[`/usr/lib/${triplet}`, '/usr/lib64'].flatMap((folder) => ['--ro-bind-try', folder, folder]),
      ...shared.filter((_, index) => /lib/.test(shared[index - (index % 3) + 1] ?? '')),
      ...links,
    ],
    etc: [
      ...['--perms', '0755', '--dir', '/etc/ssl'],
      ...ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ],
    hidden,
  };
}

/** Mounts of single programs, by the paths they have on the host. */
export function mountPrograms(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => ['--ro-bind', path, `/usr/bin/${basename(path)}`]);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
