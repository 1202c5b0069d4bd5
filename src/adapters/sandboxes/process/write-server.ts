import { dirname } from 'node:path';
import type { ServerToEnclose } from '../../../ports/sandbox.ts';
import { relayFile, relayInside } from '../program/relay-file.ts';
import { EGRESS_PORT, EGRESS_SOCKET, TRUST, writeWalls } from './cell-arguments.ts';
import { DROP, pipes } from './supervise.ts';
import type { SystemMounts } from './system-mounts.ts';

export interface ServerPlan {
  readonly server: ServerToEnclose;
  readonly system: SystemMounts;
  readonly bwrap: string;
  /** Where the filter is read from. */
  readonly filter: string;
  /** What a process writes to, to be in the server’s control group. */
  readonly doors: readonly string[];
  readonly isRoot: boolean;
  /** The Node that the gateway itself runs on. */
  readonly node: string;
}

/** Where Node is inside. */
export const NODE = '/opt/node';

/** Leads a port of loopback to the socket, which programs cannot speak to by themselves. */
export const RELAY_START = [
  ...[NODE, '--no-warnings', '--v8-pool-size=1'],
  ...[relayInside(), `${EGRESS_PORT}=${EGRESS_SOCKET}`],
];

const PIPES = Object.values(pipes);

/** What is there in every sandbox already. */
const THERE = /^\/(usr|bin|sbin|lib|lib32|lib64)(\/|$)/;

/**
 * How a server starts within its walls: a shell enters the control group, becomes `bwrap`, and what it starts inside
 * becomes the server. Its environment is handed on as it is, never as an argument that every process could read.
 */
export function writeServer(plan: ServerPlan): { readonly command: string; readonly args: readonly string[] } {
  const { server, system, bwrap, filter, doors, isRoot } = plan;
  const { profile, readable, writable, command, args, cwd, egressSocket, trustFile } = server;
  const seen = [
    ...readable.map((path) => ['--ro-bind', path] as const),
    ...writable.map((path) => ['--bind', path] as const),
  ];
  const mounts = seen
    .filter(([, path]) => !THERE.test(path))
    .flatMap(([kind, path]) => [...makeWay(path), kind, path, path]);
  const inside = [...readable, ...writable].some((path) => cwd === path || cwd.startsWith(`${path}/`));
  const way =
    egressSocket === undefined
      ? {}
      : {
          egressSocket,
          trusts: trustFile !== undefined,
          readable: [
            { from: plan.node, to: NODE },
            { from: relayFile(), to: relayInside() },
            ...(trustFile === undefined ? [] : [{ from: trustFile, to: TRUST }]),
          ],
        };
  const walls = writeWalls(profile, { system, ...way }, isRoot).filter((word) => word !== '--clearenv');
  const end = walls.indexOf('--remount-ro', walls.indexOf('--chdir') - 3);
  const enclosed = [...walls.slice(0, end), ...mounts, ...walls.slice(end)];
  const limits = [
    'ulimit -c 0',
    `ulimit -n ${profile.openFiles}`,
    ...(doors.length > 0
      ? []
      : [`ulimit -p ${profile.processes}`, `ulimit -v ${Math.floor(profile.memoryBytes / 1_024)}`]),
  ];
  return {
    command: '/bin/sh',
    args: [
      '-c',
      [
        ...doors.map((door) => `echo 0 > '${door}' || exit 126`),
        `exec ${pipes.filter}< '${filter}'`,
        `exec '${bwrap}' "$@"`,
      ].join('\n'),
      'sh',
      ...enclosed,
      ...(inside ? ['--chdir', cwd] : []),
      ...['--info-fd', `${pipes.info}`, '--block-fd', `${pipes.block}`],
      '--',
      '/bin/sh',
      '-c',
      [
        // Nothing of the server runs before what notices is in its place.
        `echo ready >&${pipes.report} && read -r _ <&${pipes.go} || exit 126`,
        ...limits,
        `exec ${isRoot ? `${DROP} ` : ''}"$@" ${PIPES.map((pipe) => `${pipe}>&-`).join(' ')}`,
      ].join('\n'),
      'sh',
      ...(egressSocket === undefined ? [] : [...RELAY_START, '--']),
      command,
      ...args,
    ],
  };
}

/** The folders above a mount, for everybody: what is made on the way to one is root's alone. */
function makeWay(path: string): string[] {
  const above: string[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder))
    above.unshift('--perms', '0755', '--dir', folder);
  return above;
}
