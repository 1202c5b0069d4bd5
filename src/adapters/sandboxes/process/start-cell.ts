import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { Fault } from '../../../base/fault.ts';
import type { ControlGroup } from './cgroups.ts';
import { type Laid, layDecoys } from './decoys.ts';
import { type NetworkCounters, openNetworkCounters } from './network-counters.ts';
import { pipes } from './supervise.ts';

export interface CellPlan {
  /** The path of `bwrap`. */
  readonly bwrap: string;
  /** All but what the pipes need. */
  readonly walls: readonly string[];
  readonly supervisor: string;
  readonly argv: readonly string[];
  /** Opens the filter once more, from its start: whoever reads it moves on in it. */
  readonly openFilter: () => number;
  /** Descriptors that this process was itself started with and that no child may have. */
  readonly inherited: readonly number[];
  readonly group?: ControlGroup;
}

/** A sandbox that stands and waits: its mounts are there, its walls are up, its program has not started. */
export interface Cell {
  readonly child: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its workspace and its code folder, as the host reaches them: by descriptors that outlive it. */
  readonly work: string;
  readonly code: string;
  readonly network: NetworkCounters;
  readonly decoys: readonly Laid[];
  /** When the program has ended: what the supervisor told. */
  readonly report: () => string;
  /** Starts the program, if it has not started. */
  readonly go: () => void;
  /** Settles when the process has ended and its pipes are empty. */
  readonly ended: Promise<void>;
  /** Lets go of its files, which are gone with that. To be called when it has ended. */
  readonly release: () => void;
}

/** How long a sandbox may take to stand. It is a matter of milliseconds, of seconds on a machine that is full. */
const STAND_MS = 30_000;
const STDERR_CHARS = 2_000;

/** Sets up a sandbox. Rejects with a `Fault` E_SANDBOX, and then nothing is left of it. */
export async function startCell(plan: CellPlan): Promise<Cell> {
  const descriptors: number[] = [];
  const filter = plan.openFilter();
  let child: ChildProcess | undefined;
  try {
    child = spawn(
      plan.bwrap,
      [
        ...plan.walls,
        ...['--info-fd', `${pipes.info}`, '--block-fd', `${pipes.block}`, '--', '/bin/sh', '-c', plan.supervisor, 'sh'],
        ...plan.argv,
      ],
      { stdio: layPipes(filter, plan.inherited, descriptors), env: {}, cwd: '/' },
    );
    return await stand(child, plan, descriptors);
  } catch (error) {
    child?.kill('SIGKILL');
    for (const descriptor of descriptors) closeSync(descriptor);
    throw error;
  } finally {
    closeSync(filter);
  }
}

async function stand(child: ChildProcess, plan: CellPlan, descriptors: number[]): Promise<Cell> {
  const at = (index: number) => child.stdio[index] as Readable & Writable; // each of these is a pipe, see `layPipes`
  for (const stream of child.stdio) stream?.on('error', () => {}); // a pipe that breaks shows in how the child ends
  const stderr = at(2);
  let complaint = '';
  const hear = (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(0, STDERR_CHARS);
  };
  stderr.on('data', hear);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { promise: broken, reject: fail } = Promise.withResolvers<never>();
  const timer = setTimeout(() => fail(new Fault('E_SANDBOX', 'a sandbox did not come up in time')), STAND_MS);
  child.once('error', (cause) => fail(new Fault('E_SANDBOX', 'a sandbox could not be started', { cause })));
  child.once('close', () =>
    fail(new Fault('E_SANDBOX', `a sandbox did not come up: ${complaint.trim() || 'no reason given'}`)),
  );
  let report = '';
  const ready = new Promise<void>((resolve) =>
    at(pipes.report).on('data', (chunk: Buffer) => {
      report = (report + chunk.toString('latin1')).slice(0, STDERR_CHARS);
      if (report.startsWith('ready\n')) resolve();
    }),
  );
  try {
    const pid = await Promise.race([readPid(at(pipes.info)), broken]);
    await Promise.race([plan.group?.enter(pid), broken]);
    at(pipes.block).end('x');
    await Promise.race([ready, broken]);
    stderr.off('data', hear);
    const below = (path: string) => {
      const descriptor = openSync(`/proc/${pid}/root${path}`, constants.O_RDONLY | constants.O_DIRECTORY);
      descriptors.push(descriptor);
      return `/proc/self/fd/${descriptor}`;
    };
    const [work, code] = [below('/work'), below('/code')];
    const decoys = layDecoys(`/proc/${pid}/root`);
    descriptors.push(...decoys.map(({ descriptor }) => descriptor));
    const network = openNetworkCounters(pid);
    return {
      child,
      stdin: at(0),
      stdout: at(1),
      stderr,
      work,
      code,
      network,
      decoys,
      report: () => report,
      go: () => {
        if (!at(pipes.go).writableEnded) at(pipes.go).end('\n');
      },
      ended,
      release: () => {
        network[Symbol.dispose]();
        for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
      },
    };
  } finally {
    clearTimeout(timer);
    broken.catch(() => {}); // it ends one day, when nobody waits for this any more
  }
}

/** Standard streams, the pipes of `supervise.ts`, the filter, and nothing that this process happens to hold open. */
function layPipes(filter: number, inherited: readonly number[], descriptors: number[]): ('pipe' | 'ignore' | number)[] {
  const stdio: ('pipe' | 'ignore' | number)[] = Array.from({ length: pipes.filter }, () => 'pipe');
  stdio[pipes.filter] = filter;
  const beyond = inherited.filter((descriptor) => descriptor > pipes.filter);
  if (beyond.length === 0) return stdio;
  const nothing = openSync('/dev/null', constants.O_RDONLY);
  descriptors.push(nothing);
  for (const descriptor of beyond) {
    while (stdio.length < descriptor) stdio.push('ignore');
    stdio[descriptor] = nothing;
  }
  return stdio;
}

/** The first process of the sandbox, as the host counts processes. */
function readPid(info: Readable): Promise<number> {
  let text = '';
  return new Promise((resolve, reject) => {
    info.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.includes('}')) return;
      const pid = /"child-pid"\s*:\s*(\d+)/.exec(text)?.[1];
      if (pid === undefined) reject(new Fault('E_SANDBOX', 'bwrap did not say which process it started'));
      else resolve(Number(pid));
    });
  });
}
