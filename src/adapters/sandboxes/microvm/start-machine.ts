import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Fault } from '../../../base/fault.ts';
import type { ControlGroup } from '../process/cgroups.ts';
import { NOBODY } from '../process/supervise.ts';
import type { SystemMounts } from '../process/system-mounts.ts';
import { ports, UP } from './guest-init.ts';
import { type Machine, type QemuOptions, writeQemuArguments } from './write-machine.ts';

export interface MachinePlan {
  readonly machine: Machine;
  readonly qemu: string;
  readonly bwrap: string;
  readonly system: SystemMounts;
  readonly isRoot: boolean;
  readonly acceleration: QemuOptions['acceleration'];
  /** The group that may use the host’s hardware help, where there is one and the gateway is root. */
  readonly kvmGroup?: number;
  readonly clockKhz: number;
  readonly group?: ControlGroup;
  /** Descriptors that this process was itself started with and that no child may have. */
  readonly inherited: readonly number[];
  /** How long it may take to come up. */
  readonly standMs: number;
}

/** A machine that is up and waits for its job. */
export interface RunningMachine {
  readonly child: ChildProcess;
  readonly at: (port: keyof typeof ports) => Readable & Writable;
  /** Settles when its process has ended and everything it said is read. */
  readonly ended: Promise<void>;
}

const COMPLAINT_CHARS = 2_000;
/** The descriptors of ports, after the standard streams. */
const descriptorOf = (port: keyof typeof ports) => ports[port] + 2;
const descriptors = Object.fromEntries(
  Object.keys(ports).map((name) => [name, descriptorOf(name as keyof typeof ports)]),
) as QemuOptions['descriptors']; // the same keys

/** Starts a machine. Rejects with a `Fault` E_SANDBOX, and then nothing is left of it. */
export async function startMachine(plan: MachinePlan): Promise<RunningMachine> {
  const last = Math.max(...Object.values(descriptors), ...plan.inherited);
  const streams = Array.from({ length: last + 1 }, (_, index) => {
    if (index === 1 || index === 2) return 'pipe';
    return Object.values(descriptors).includes(index) ? 'pipe' : 'ignore';
  });
  const enter = (plan.group?.doors ?? []).map((door) => `echo 0 > '${door}' || exit 126`);
  const script = [...enter, 'exec "$@"'].join('\n');
  const command = [plan.bwrap, ...writeMachineWalls(plan), '--', ...drop(plan), plan.qemu];
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'sh', ...command, ...writeQemuArguments(inside(plan.machine), { ...plan, descriptors })],
    { stdio: streams as 'pipe'[], env: {}, cwd: '/' },
  );
  for (const stream of child.stdio) stream?.on('error', () => {}); // what breaks shows in how the child ends
  const at = (port: keyof typeof ports) => child.stdio[descriptorOf(port)] as Readable & Writable; // a pipe, see above
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let complaint = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(0, COMPLAINT_CHARS);
    });
  const { promise: broken, reject: fail } = Promise.withResolvers<never>();
  broken.catch(() => {}); // it ends one day, when nobody waits for this any more
  const timer = setTimeout(() => fail(new Fault('E_SANDBOX', 'a machine did not come up in time')), plan.standMs);
  child.once('error', (cause) => fail(new Fault('E_SANDBOX', 'a machine could not be started', { cause })));
  child.once('close', () =>
    fail(new Fault('E_SANDBOX', `a machine did not come up: ${complaint.trim() || 'no reason given'}`)),
  );
  let heard = '';
  const up = new Promise<void>((resolve) =>
    at('control').on('data', (chunk: Buffer) => {
      heard = (heard + chunk.toString('latin1')).slice(0, COMPLAINT_CHARS);
      if (heard.startsWith(`${UP}\n`)) resolve();
    }),
  );
  try {
    await Promise.race([up, broken]);
    return { child, at, ended };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const KERNEL = '/machine/kernel';
const FIRST = '/machine/first';
const diskAt = (index: number) => `/machine/disk${index}`;

/** The machine’s files as QEMU sees them. */
function inside(machine: Machine): Machine {
  return { ...machine, kernel: KERNEL, initramfs: FIRST, disks: machine.disks.map((_, index) => diskAt(index)) };
}

/** What QEMU itself stands behind: whoever takes it over from within finds no file but the machine’s, and no network. */
function writeMachineWalls({ machine, system, isRoot, acceleration }: MachinePlan): readonly string[] {
  return [
    ...['pid', 'net', 'ipc', 'uts', 'cgroup-try'].map((name) => `--unshare-${name}`),
    ...(isRoot
      ? ['--cap-drop', 'ALL', ...['SETUID', 'SETGID', 'SETPCAP'].flatMap((name) => ['--cap-add', `CAP_${name}`])]
      : ['--unshare-user', '--disable-userns', '--uid', `${NOBODY}`, '--gid', `${NOBODY}`]),
    ...['--die-with-parent', '--new-session', '--clearenv', '--hostname', 'machine'],
    ...['--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'LANG', 'C.UTF-8'],
    ...system.everything,
    ...['--perms', '0755', '--dir', '/etc', '--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...['--proc', '/proc', '--dev', '/dev', ...(acceleration === 'kvm' ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : [])],
    ...['--perms', '0755', '--dir', '/machine', '--perms', '1777', '--size', '1048576', '--tmpfs', '/tmp'],
    ...['--ro-bind', machine.kernel, KERNEL, '--ro-bind', machine.initramfs, FIRST],
    ...machine.disks.flatMap((file, index) => ['--ro-bind', file, diskAt(index)]),
    ...['--remount-ro', '/', '--chdir', '/'],
  ];
}

function drop({ isRoot, kvmGroup }: MachinePlan): readonly string[] {
  if (!isRoot) return [];
  const groups = kvmGroup === undefined ? ['--clear-groups'] : ['--groups', `${kvmGroup}`];
  const nobody = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, ...groups];
  return ['setpriv', ...nobody, '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--'];
}
