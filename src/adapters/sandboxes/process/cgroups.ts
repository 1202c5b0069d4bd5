import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import { isAlive } from '../../../base/own-folder.ts';
import type { Profile } from '../../../model/profile.ts';

/** What a control group counted while it was there. */
export interface GroupCounts {
  /** Times that something was ended for memory, or that a limit refused memory and nothing could be freed. */
  readonly outOfMemory: number;
  /** Whether a new process was refused. */
  readonly refusedProcesses: boolean;
}

/** The control group of one sandbox: what is put into it, and all it starts, is held together. */
export interface ControlGroup {
  /** Files that a process writes `0` to in order to enter by itself. */
  readonly doors: readonly string[];
  /** Puts a process in. What it starts later is in it too. */
  enter(pid: number): Promise<void>;
  count(): Promise<GroupCounts>;
  /** Ends every process in it, whoever started it. */
  kill(): Promise<void>;
  /** Waits until it is empty, which it soon is once its processes were ended, and takes it down. */
  remove(): Promise<void>;
}

export interface ControlGroups {
  readonly version: 1 | 2;
  /** Where they are made. */
  readonly folders: readonly string[];
  /** `weight` says how much of scarce processors it gets; everything else weighs 100. */
  create(name: string, profile: Profile, weight?: number): Promise<ControlGroup>;
}

const PREFIX = 'chaperone-';
const PERIOD_US = 100_000;
/** Where processors are scarce, what is in a sandbox waits for the gateway. */
const WEIGHT = 25;
const REMOVE_TRIES = 300;
const KILL_ROUNDS = 1_000;
/** The kernel is usually done within one of these; the pauses grow up to ten. */
const REMOVE_PAUSE_MS = 1;

type Controller = 'memory' | 'pids' | 'cpu';
type Settings = Readonly<Record<Controller, readonly (readonly [file: string, value: string])[]>>;

/**
 * The control groups this process may make, or nothing where it may make none. `root` is where they are mounted,
 * `/sys/fs/cgroup` on every ordinary host; `own` is what `/proc/self/cgroup` says.
 */
export async function openControlGroups(root: string, own: string): Promise<ControlGroups | undefined> {
  return (await openSecond(root, own)) ?? (await openFirst(root, own));
}

/**
 * Where no process has changed its group for a while, the kernel lets a grace period pass before the next may: some ten
 * milliseconds, half of what a sandbox takes to stand. Staying where one is counts as a change. Begun as soon as the group is
 * there, the period passes while its first process is being started. It may fail: then it passes later.
 */
async function hurry(door: string, own: string): Promise<void> {
  const now = await read('/proc/self/cgroup');
  if (now === own) await write(door, `${process.pid}`); // moved since, it would be moved back
}

/** Takes down the groups of gateways that have ended. Returns how many there were. */
export async function sweepControlGroups(folders: readonly string[]): Promise<number> {
  let swept = 0;
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      const owner = /^chaperone-(\d+)-/.exec(name)?.[1];
      if (owner === undefined || isAlive(Number(owner))) continue;
      await rmdir(join(folder, name)).then(
        () => swept++,
        () => {}, // it still holds processes of somebody: not ours to end
      );
    }
  }
  return swept;
}

/** Version 2: one tree. Its controllers are for groups below one that holds no process itself. */
async function openSecond(root: string, own: string): Promise<ControlGroups | undefined> {
  const path = /^0::(.*)$/m.exec(own)?.[1];
  if (path === undefined) return undefined;
  for (const folder of new Set([join(root, path), join(root, path, '..')])) {
    if (!folder.startsWith(root)) continue;
    const given = await readFile(join(folder, 'cgroup.controllers'), 'utf8').catch(() => '');
    if (!['memory', 'pids', 'cpu'].every((name) => given.split(/\s+/).includes(name))) continue;
    const enabled = await write(join(folder, 'cgroup.subtree_control'), '+memory +pids +cpu');
    if (!enabled || !(await canMake(folder))) continue;
    const stay = () => hurry(join(root, path, 'cgroup.procs'), own);
    return {
      version: 2,
      folders: [folder],
      create: (name, profile, weight = WEIGHT) =>
        createGroup({ memory: folder, pids: folder, cpu: folder }, name, second(profile, weight), stay),
    };
  }
  return undefined;
}

/** Version 1: a tree for each controller. */
async function openFirst(root: string, own: string): Promise<ControlGroups | undefined> {
  const folders: Partial<Record<Controller, string>> = {};
  for (const line of own.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]+):(.*)$/.exec(line) ?? [];
    for (const name of names.split(',')) {
      if (name !== 'memory' && name !== 'pids' && name !== 'cpu') continue;
      for (const mount of [names, name]) {
        const folder = join(root, mount, path);
        if (folders[name] === undefined && (await canMake(folder))) folders[name] = folder;
      }
    }
  }
  const { memory, pids, cpu } = folders;
  if (memory === undefined || pids === undefined || cpu === undefined) return undefined;
  const stay = () => hurry(join(pids, 'cgroup.procs'), own);
  return {
    version: 1,
    folders: [memory, pids, cpu],
    create: (name, profile, weight = WEIGHT) => createGroup({ memory, pids, cpu }, name, first(profile, weight), stay),
  };
}

function second(profile: Profile, weight: number): Settings {
  return {
    memory: [
      ['memory.max', `${profile.memoryBytes}`],
      ['memory.swap.max', '0'],
      ['memory.oom.group', '1'],
    ],
    pids: [['pids.max', `${profile.processes + SUPERVISORS}`]],
    cpu: [
      ['cpu.max', `${Math.round(profile.cpu * PERIOD_US)} ${PERIOD_US}`],
      ['cpu.weight', `${weight}`],
    ],
  };
}

function first(profile: Profile, weight: number): Settings {
  return {
    memory: [
      ['memory.limit_in_bytes', `${profile.memoryBytes}`],
      ['memory.memsw.limit_in_bytes', `${profile.memoryBytes}`],
    ],
    pids: [['pids.max', `${profile.processes + SUPERVISORS}`]],
    cpu: [
      ['cpu.cfs_quota_us', `${Math.round(profile.cpu * PERIOD_US)}`],
      ['cpu.shares', `${Math.ceil((weight / 100) * 1_024)}`],
    ],
  };
}

/** Processes in a sandbox that are the walls' own: its first process, and the one that watches the program. */
const SUPERVISORS = 2;
/** Settings that a kernel without swap accounting does not have. */
const OPTIONAL = new Set(['memory.swap.max', 'memory.memsw.limit_in_bytes', 'memory.oom.group']);

async function createGroup(
  folders: Readonly<Record<Controller, string>>,
  name: string,
  settings: Settings,
  stay: () => Promise<void>,
): Promise<ControlGroup> {
  const places = Object.fromEntries(
    Object.entries(folders).map(([controller, folder]) => [controller, join(folder, `${PREFIX}${name}`)]),
  ) as Record<Controller, string>; // the same keys
  const distinct = [...new Set(Object.values(places))];
  let hurried: Promise<void> | undefined;
  const remove = async () => {
    await hurried;
    for (const place of distinct) await removeFolder(place);
  };
  try {
    await Promise.all(distinct.map((place) => mkdir(place)));
    hurried = stay();
    await Promise.all(
      Object.entries(settings).map(async ([controller, rows]) => {
        for (const [file, value] of rows) {
          const done = await write(join(places[controller as Controller], file), value);
          if (!done && !OPTIONAL.has(file)) throw new Error(`${file} does not take ${value}`);
        }
      }),
    );
  } catch (cause) {
    await remove().catch(() => {});
    throw new Fault('E_SANDBOX', 'the control group of a sandbox could not be made', { cause });
  }
  const doors = distinct.map((place) => join(place, 'cgroup.procs'));
  return {
    doors,
    async enter(pid) {
      for (const door of doors) await writeFile(door, `${pid}`); // the kernel takes one at a time
    },
    count: () => readCounts(places.memory, places.pids),
    async kill() {
      // One that is just being started is found the next time around.
      for (let left = KILL_ROUNDS; left > 0; left--) {
        const pids = (await read(join(places.pids, 'cgroup.procs'))).split('\n').filter((pid) => Number(pid) > 0);
        if (pids.length === 0) return;
        for (const pid of pids) end(Number(pid));
        await new Promise((resolve) => setTimeout(resolve, REMOVE_PAUSE_MS));
      }
    },
    remove,
  };
}

/** What the groups in these two folders, which are one in version 2, have counted. */
export async function readCounts(memory: string, pids: string): Promise<GroupCounts> {
  const [events, control, refused] = await Promise.all([
    read(join(memory, 'memory.events')),
    read(join(memory, 'memory.oom_control')),
    read(join(pids, 'pids.events')),
  ]);
  return {
    outOfMemory: readCount(events, 'oom_kill') + readCount(control, 'oom_kill'),
    refusedProcesses: readCount(refused, 'max') > 0,
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended since
  }
}

function readCount(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Busy for a moment after its last process has ended: the kernel is not done with it yet. */
async function removeFolder(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || tries === REMOVE_TRIES) {
        throw new Fault('E_SANDBOX', `the control group ${folder} could not be taken down`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(tries, 10) * REMOVE_PAUSE_MS));
    }
  }
}

async function canMake(folder: string): Promise<boolean> {
  const probe = join(folder, `${PREFIX}${process.pid}-probe`);
  try {
    if (!(await stat(folder)).isDirectory()) return false;
    await mkdir(probe);
    await rmdir(probe);
    return true;
  } catch {
    return false; // not ours, read-only, or not there
  }
}

async function write(file: string, value: string): Promise<boolean> {
  try {
    await writeFile(file, value);
    return true;
  } catch {
    return false;
  }
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => ''); // the other version has another file
}
