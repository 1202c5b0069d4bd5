import { dirname, sep } from 'node:path';

/** A program that is to run with its project, and with nothing else of this machine. Paths are absolute and real. */
export interface Enclosure {
  /** The folder it works in, and changes as it likes, unless it is only to read it. */
  readonly workspace: string;
  readonly readOnly?: boolean;
  /** Room for the files that go when it ends, bytes; as much as there is unless told. */
  readonly spaceBytes?: number;
  readonly cwd: string;
  /** Folders it may read, besides the system's programs and libraries. */
  readonly readable: readonly string[];
  /** Of the workspace: what it may read and not change, such as the programs of servers that run outside. */
  readonly kept: readonly string[];
  /** What it does not get to see, wherever that lies. */
  readonly hidden: readonly { readonly path: string; readonly isFolder: boolean }[];
  /** The folder in which the sockets are that lead out. */
  readonly ways: string;
  readonly env: Readonly<Record<string, string>>;
  /** What runs inside: the relay, its arguments, the program. */
  readonly argv: readonly string[];
  /** Single files that have another place inside. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  /** Files that are there to be noticed, where nothing of the program’s own is. */
  readonly decoys?: readonly { readonly from: string; readonly to: string }[];
}

/** Where the sockets are, as the program sees it. */
export const WAYS = '/run/chaperone';
const HOME = '/home/agent';
/** Folders of the program's own: they are empty when it begins, and nobody else sees what it puts there. */
export const OWN_FOLDERS: readonly string[] = ['/tmp', HOME];
/** What libraries look up and no secret is in. */
const ETC = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'localtime',
  'ssl',
  'ca-certificates',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'group',
];

/**
 * What `bwrap` is told. Everything is taken away first and what follows is given back, so a folder that is not named is
 * not there. No network but loopback, no processes but its own, no way to make namespaces or to type into the terminal.
 */
export function writeEnclosure(enclosure: Enclosure, links: readonly string[]): readonly string[] {
  const {
    workspace,
    cwd,
    readable,
    kept,
    hidden,
    ways,
    env,
    argv,
    files,
    readOnly = false,
    spaceBytes,
    decoys = [],
  } = enclosure;
  const size = spaceBytes === undefined ? [] : ['--size', `${spaceBytes}`];
  const bind = readOnly ? '--ro-bind' : '--bind';
  const guarded = [...kept, ...hidden.map(({ path }) => path)].filter((path) => isBelow(path, workspace));
  return [
    ...['--unshare-user', '--unshare-all', '--disable-userns', '--die-with-parent', '--new-session', '--clearenv'],
    ...['--hostname', 'agent', '--proc', '/proc', '--dev', '/dev'],
    ...['--perms', '1777', ...size, '--tmpfs', '/tmp', '--perms', '0700', ...size, '--tmpfs', HOME],
    ...['--ro-bind', '/usr', '/usr', ...links],
    ...ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    // A mount that is only read would not note that they were.
    ...decoys.flatMap(({ from, to }) => ['--bind', from, to]),
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    ...[bind, workspace, workspace],
    // A folder that could be moved aside would let another one take the place of what is in it.
    ...foldersBetween(workspace, guarded).flatMap((path) => [bind, path, path]),
    ...kept.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--bind', ways, WAYS],
    ...files.flatMap(({ from, to }) => ['--ro-bind', from, to]),
    ...hidden
      .filter(({ path }) => !hidden.some((other) => other.path !== path && isBelow(path, other.path)))
      .filter(({ path }) => ['/tmp', workspace, ...readable].some((folder) => isBelow(path, folder)))
      .flatMap(({ path, isFolder }) =>
        isFolder ? ['--tmpfs', path, '--remount-ro', path] : ['--ro-bind', '/dev/null', path],
      ),
    // Its user is the gateway’s, and settings of the kernel are root’s to change, in whatever namespace that is.
    ...['--remount-ro', '/proc', '--remount-ro', '/', '--chdir', cwd],
    ...Object.entries({ HOME, ...env }).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--', ...argv],
  ];
}

/** Whether a path is a folder or lies in it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The folders below the workspace in which something guarded lies, outermost first. */
function foldersBetween(workspace: string, guarded: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const path of guarded)
    for (let at = dirname(path); at !== workspace && isBelow(at, workspace); at = dirname(at)) folders.add(at);
  return [...folders].sort((a, b) => a.length - b.length);
}
