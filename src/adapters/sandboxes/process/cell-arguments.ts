import type { Profile } from '../../../model/profile.ts';
import { NOBODY, pipes } from './supervise.ts';
import { mountPrograms, type SystemMounts } from './system-mounts.ts';

export interface CellMounts {
  readonly system: SystemMounts;
  /** Paths of the only programs it has; all of the system's where not given. */
  readonly programs?: readonly string[];
  /** Other files and folders to read, by their path inside. */
  readonly readable?: readonly { readonly from: string; readonly to: string }[];
  readonly writable?: readonly { readonly from: string; readonly to: string }[];
  readonly egressSocket?: string;
  /** In a machine, which no socket of the host reaches: the device that leads to the door. */
  readonly egressDevice?: { readonly from: string; readonly to: string };
  /** Whom programs are to believe besides: a file at `TRUST` inside. */
  readonly trusts?: boolean;
}

const SMALL = 262_144;
export const EGRESS_SOCKET = '/run/egress.sock';
export const TRUST = '/opt/authorities.pem';
/** The port of loopback inside that leads to the socket. */
export const EGRESS_PORT = 7072;

/** Where the way out is, in the words that programs look for. */
function tellWayOut(trusts: boolean): string[] {
  const door = `http://127.0.0.1:${EGRESS_PORT}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
  const files = ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];
  return [
    ...names.flatMap((name) => ['--setenv', name, door]),
    ...['--setenv', 'NODE_USE_ENV_PROXY', '1'],
    ...(trusts ? files.flatMap((name) => ['--setenv', name, TRUST]) : []),
  ];
}

/**
 * What `bwrap` is told. Everything is taken away first; what follows is given back. `isRoot`: root sets up the mounts
 * and the program is made nobody afterwards; anybody else needs a user namespace, below which there is no other.
 */
export function writeWalls(profile: Profile, mounts: CellMounts, isRoot: boolean): string[] {
  const { system, programs, readable = [], writable = [], egressSocket, egressDevice, trusts = false } = mounts;
  return [
    ...['pid', 'net', 'ipc', 'uts', 'cgroup-try'].map((name) => `--unshare-${name}`),
    ...(isRoot
      ? ['--cap-drop', 'ALL', ...['SETUID', 'SETGID', 'SETPCAP'].flatMap((name) => ['--cap-add', `CAP_${name}`])]
      : ['--unshare-user', '--disable-userns', '--uid', `${NOBODY}`, '--gid', `${NOBODY}`]),
    ...['--die-with-parent', '--new-session', '--clearenv', '--hostname', 'sandbox'],
    ...['--setenv', 'PATH', '/usr/bin:/bin:/opt', '--setenv', 'HOME', '/work', '--setenv', 'TMPDIR', '/tmp'],
    ...['--setenv', 'LANG', 'C.UTF-8'],
    ...(programs === undefined ? system.everything : [...system.libraries, ...mountPrograms(programs)]),
    ...room('/etc', SMALL),
    ...system.etc,
    ...['--proc', '/proc', ...system.hidden],
    ...['--dev', '/dev', ...room('/dev/shm', profile.spaceBytes, '1777'), '--remount-ro', '/dev'],
    ...[...room('/root', SMALL), ...room('/run', SMALL), ...room('/code', profile.spaceBytes)],
    ...[...room('/tmp', profile.spaceBytes, '1777'), ...room('/work', profile.spaceBytes, '0777')],
    ...['--perms', '0755', '--dir', '/opt'], // what is made on the way to a mount is root's alone
    ...readable.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    ...writable.flatMap(({ from, to }) => ['--bind', from, to]),
    ...(egressSocket === undefined ? [] : ['--bind', egressSocket, EGRESS_SOCKET, ...tellWayOut(trusts)]),
    ...(egressDevice === undefined ? [] : ['--dev-bind', egressDevice.from, egressDevice.to, ...tellWayOut(trusts)]),
    ...['--remount-ro', '/', '--chdir', '/work'],
    ...['--seccomp', `${pipes.filter}`],
  ];
}

function room(path: string, bytes: number, mode = '0755'): string[] {
  return ['--perms', mode, '--size', `${bytes}`, '--tmpfs', path];
}
