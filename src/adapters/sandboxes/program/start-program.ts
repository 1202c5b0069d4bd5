import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { access, constants, lstat, readFile, readlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import { Fault } from '../../../base/fault.ts';
import { type Laid, stageDecoys } from '../process/decoys.ts';
import { openNetworkCounters } from '../process/network-counters.ts';
import type { Watch } from '../process/watch.ts';
import { type Confinement, confineWalls, limitCommand } from './confine.ts';
import { relayFile, relayInside } from './relay-file.ts';
import { type Enclosure, WAYS, writeEnclosure } from './write-enclosure.ts';

export interface ProgramStart extends Omit<Enclosure, 'argv' | 'files' | 'decoys'> {
  readonly command: readonly [string, ...string[]];
  /** Ports of loopback inside, and the socket in `ways` that each leads to. */
  readonly ports: Readonly<Record<number, string>>;
  /** Files of the caller's own that are seen inside at another place. */
  readonly files?: Enclosure['files'];
  /** What holds it besides the walls. */
  readonly confinement?: Confinement;
  /** What notices, and an empty folder of its own for what is laid out to be noticed. */
  readonly watched?: { readonly watch: Watch; readonly folder: string };
  /** The gateway's PATH: where `bwrap` is looked for. */
  readonly path: string;
  /** `tapped`: what it prints comes by pipes, what it reads is this process’s own. */
  readonly stdio: 'inherit' | 'pipe' | 'tapped';
}

export interface StartedProgram {
  readonly child: ChildProcess;
  /** The exit code: its own, or 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  /** Asks it to end. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): Promise<void>;
}

const STREAMS = {
  inherit: ['inherit', 'inherit', 'inherit'],
  pipe: ['pipe', 'pipe', 'pipe'],
  tapped: ['inherit', 'pipe', 'pipe'],
} as const;

const NODE = '/run/node';
const INSTALL = 'install it: `apt-get install bubblewrap`, or the package of that name of your system';
const MERGED = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'];

/**
 * Starts a program within walls that let it out by the given sockets alone. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE
 * where this host cannot hold it: it is never started without.
 */
export async function startProgram(start: ProgramStart): Promise<StartedProgram> {
  if (process.platform !== 'linux') throw new Fault('E_SANDBOX_UNAVAILABLE', 'programs are enclosed on Linux alone');
  const bwrap = await findBwrap(start.path);
  const { command, ports, stdio, files = [], confinement, watched, ...walls } = start;
  const limited = confinement === undefined ? command : limitCommand(command, confinement);
  const to = relayInside();
  const ways = Object.entries(ports).map(([port, socket]) => `${port}=${join(WAYS, socket)}`);
  const decoys = watched && stageDecoys(watched.folder);
  const args = writeEnclosure(
    {
      ...walls,
      ...(decoys === undefined ? {} : { decoys: decoys.mounts }),
      argv: [NODE, '--no-warnings', to, ...ways, '--', ...limited],
      files: [{ from: process.execPath, to: NODE }, { from: relayFile(), to }, ...files],
    },
    await findLinks(),
  );
  const all = ['--json-status-fd', '3', ...(decoys === undefined ? [] : ['--block-fd', '4']), ...args];
  const confined = confinement && confineWalls(bwrap, all, confinement);
  const child = spawn(confined?.command ?? bwrap, confined?.args ?? all, {
    stdio: [...STREAMS[stdio], 'pipe', ...(decoys === undefined ? [] : ['pipe' as const])],
    env: {},
  });
  let status = '';
  let waits = decoys;
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    status += chunk.toString();
    const pid = /"child-pid": (\d+)/.exec(status)?.[1];
    if (waits === undefined || pid === undefined) return;
    // Nothing of the program runs before what notices is in its place.
    if (beginWatch(watched?.watch, pid, waits.laid)) (child.stdio[4] as Writable).end('x');
    else child.kill('SIGKILL');
    waits = undefined;
  });
  child.stdio[4]?.on('error', () => {}); // it shows in how the child ends
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(new Fault('E_SANDBOX_UNAVAILABLE', 'bubblewrap does not start', { cause })));
    // Only what it says of the program is the program's: what went wrong before is ours.
    child.once('close', (_code, signal) => {
      waits?.[Symbol.dispose]();
      const told = /"exit-code": (\d+)/.exec(status)?.[1];
      if (told !== undefined) resolve(Number(told));
      else if (signal !== null) resolve(128 + (SIGNALS[signal] ?? 0));
      else reject(new Fault('E_SANDBOX_UNAVAILABLE', 'bubblewrap could not put up the walls; see what it said'));
    });
  });
  return { child, ended, interrupt: (signal) => interrupt(status, child, signal) };
}

/** False where there is nothing to look at: it has ended already. */
function beginWatch(watch: Watch | undefined, pid: string, laid: readonly Laid[]): boolean {
  try {
    watch?.begin(openNetworkCounters(pid), laid);
    return true;
  } catch {
    for (const { descriptor } of laid) closeSync(descriptor);
    return false;
  }
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** The relay passes a signal on; where it cannot be found, everything inside is ended. */
async function interrupt(status: string, child: ChildProcess, signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
  const pid = /"child-pid": (\d+)/.exec(status)?.[1];
  const inside = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const relay = Number(inside.trim().split(' ')[0] ?? 0);
  try {
    if (!(relay > 0)) throw new Error('the relay is not there');
    process.kill(relay, signal);
  } catch {
    child.kill('SIGKILL');
  }
}

async function findBwrap(path: string): Promise<string> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const found = join(folder, 'bwrap');
    const isThere = await access(found, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return found;
  }
  throw new Fault('E_SANDBOX_UNAVAILABLE', `bubblewrap is missing; ${INSTALL}`);
}

/** Most systems keep their programs in `/usr` alone, and link there. */
async function findLinks(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of MERGED) {
    const there = await lstat(folder).catch(() => undefined);
    if (there?.isSymbolicLink()) found.push('--symlink', await readlink(folder), folder);
    else if (there?.isDirectory()) found.push('--ro-bind', folder, folder);
  }
  return found;
}
