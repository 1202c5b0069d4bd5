import type { JsonObject } from '../../../base/json.ts';
import type { Profile } from '../../../model/profile.ts';

const NOBODY = 65_534;

export interface SpecOptions {
  readonly profile: Profile;
  readonly argv: readonly string[];
  /** Folders and files of the host, read only, by their path inside. */
  readonly readable: readonly { readonly from: string; readonly to: string }[];
  /** Files that are there to be noticed, by their path inside. */
  readonly decoys?: readonly { readonly from: string; readonly to: string }[];
  /** The folder on the host that is `/work` inside. */
  readonly work: string;
  /** An empty folder: what is mounted over it is all there is. */
  readonly root: string;
}

/** A profile as an OCI runtime takes it: `config.json` of a bundle. Nothing is left to the runtime's own defaults. */
export function writeSpec({ profile, argv, readable, decoys = [], work, root }: SpecOptions): JsonObject {
  const room = (destination: string, mode: string): JsonObject => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', `mode=${mode}`, `size=${profile.spaceBytes}`],
  });
  return {
    ociVersion: '1.0.2',
    hostname: 'sandbox',
    root: { path: root, readonly: true },
    process: {
      terminal: false,
      cwd: '/work',
      args: [...argv],
      env: ['PATH=/usr/bin:/bin:/opt', 'HOME=/work', 'TMPDIR=/tmp', 'LANG=C.UTF-8'],
      user: { uid: NOBODY, gid: NOBODY },
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        { type: 'RLIMIT_NOFILE', hard: profile.openFiles, soft: profile.openFiles },
        { type: 'RLIMIT_FSIZE', hard: profile.spaceBytes, soft: profile.spaceBytes },
        { type: 'RLIMIT_NPROC', hard: profile.processes, soft: profile.processes },
        { type: 'RLIMIT_CORE', hard: 0, soft: 0 },
      ],
    },
    mounts: [
      ...readable.map(
        ({ from, to }): JsonObject => ({
          destination: to,
          type: 'bind',
          source: from,
          options: ['rbind', 'ro', 'nosuid', 'nodev'],
        }),
      ),
      ...decoys.map(
        ({ from, to }): JsonObject => ({
          destination: to,
          type: 'bind',
          source: from,
          options: ['rbind', 'nosuid', 'nodev'],
        }),
      ),
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
      { destination: '/work', type: 'bind', source: work, options: ['rbind', 'rw', 'nosuid', 'nodev'] },
      room('/tmp', '1777'),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type): JsonObject => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sched_debug', '/proc/scsi', '/proc/acpi'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
