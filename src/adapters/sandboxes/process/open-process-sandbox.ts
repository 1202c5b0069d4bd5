import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { Profile } from '../../../model/profile.ts';
import type { EnclosedProgram, Sandbox, SandboxJob, SandboxOutcome, ServerToEnclose } from '../../../ports/sandbox.ts';
import { findProgram } from '../find-program.ts';
import type { Confinement } from '../program/confine.ts';
import { relayFile, relayInside } from '../program/relay-file.ts';
import { beginServer } from './begin-server.ts';
import { type CellMounts, TRUST, writeWalls } from './cell-arguments.ts';
import { type ControlGroup, type ControlGroups, openControlGroups, sweepControlGroups } from './cgroups.ts';
import { packagesAt, readStart, type Start } from './languages.ts';
import { listInherited } from './list-inherited.ts';
import { nameKind, ReadyCells, type Standing, takeDown } from './ready-cells.ts';
import { runCell } from './run-cell.ts';
import { buildFilter } from './seccomp-filter.ts';
import { type Cell, startCell } from './start-cell.ts';
import { pipes, writeSupervisor } from './supervise.ts';
import { findSystemMounts, type SystemMounts } from './system-mounts.ts';
import { Turns } from './turns.ts';
import { Watch } from './watch.ts';
import { NODE, RELAY_START, writeServer } from './write-server.ts';

export interface ProcessSandboxOptions {
  readonly clock: Clock;
  /** The folders of the gateway's PATH, absolute. */
  readonly path: readonly string[];
  /** Whether this process is root. Root sets up the mounts itself, and makes the program nobody afterwards. */
  readonly isRoot: boolean;
  /** Where control groups are mounted; tests give another. */
  readonly cgroupRoot?: string;
}

/** What the relay takes for itself. */
const RELAY = { processes: 24, memoryBytes: 128 * 1_048_576 } as const;

const INSTALL = 'install it: `apt-get install bubblewrap`, or the package of that name of your system';

/** What this host has for the tier, looked up once. */
interface Host {
  readonly bwrap: string;
  readonly system: SystemMounts;
  readonly groups: ControlGroups | undefined;
  readonly inherited: readonly number[];
  /** The filter's file, which has no name any more. */
  readonly filter: number;
}

/** Programs in namespaces of their own, behind a system call filter, held by control groups. */
export class ProcessSandbox implements Sandbox {
  readonly tier = 'process';
  readonly #options: ProcessSandboxOptions;
  readonly #running = new Set<Cell>();
  readonly #ready = new ReadyCells();
  /** Starting a process keeps this thread for a moment, and others are waiting for it. */
  readonly #starting = new Turns(limits.sandboxesStarting, limits.sandboxesWaiting);
  #host: Promise<Host> | undefined;

  constructor(options: ProcessSandboxOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    await this.#open();
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    const host = await this.#open();
    const askedAtMs = this.#options.clock.monotonicMs();
    const waiting = this.#waitsFor(job) ? this.#ready.take(nameKind(job)) : undefined;
    const standing = waiting ?? (await this.#stand(host, job));
    const { cell, group, start, heldBy } = standing;
    this.#running.add(cell);
    try {
      return await runCell({
        cell,
        job,
        heldBy,
        askedAtMs,
        nowMs: () => this.#options.clock.monotonicMs(),
        ...(start.code === undefined ? {} : { code: { ...start.code, text: readSource(job) } }),
        ...(group === undefined ? {} : { group }),
      });
    } finally {
      this.#running.delete(cell);
      await takeDown(standing);
      if (this.#waitsFor(job)) void this.warm(job).catch(() => {}); // the next run says what is wrong
    }
  }

  /** Has as many sandboxes of a job's kind ready as its profile says: they stand, and the interpreter waits for code. */
  async warm(job: SandboxJob): Promise<void> {
    const host = await this.#open();
    const kind = nameKind(job);
    await this.#ready.fill(kind, job.profile.warm, async () => {
      const standing = await this.#stand(host, job);
      standing.cell.go();
      return standing;
    });
  }

  async enclose(server: ServerToEnclose): Promise<EnclosedProgram> {
    const host = await this.#open();
    requireLimits(server.profile, host.groups);
    const group = await this.#makeGroup(host, server.profile);
    const { command, args } = writeServer({
      server,
      system: host.system,
      bwrap: host.bwrap,
      // A shell that this process starts reads it from the open file, which has no name any more.
      filter: `/proc/${process.pid}/fd/${host.filter}`,
      doors: group?.doors ?? [],
      isRoot: this.#options.isRoot,
      node: await realpath(process.execPath),
    });
    const { onAttempts, elsewhere } = server;
    const watch = new Watch({
      onAttempts,
      ...(elsewhere === undefined ? {} : { elsewhere }),
      ...(group === undefined ? {} : { count: () => group.count() }),
    });
    const unused = holdShut(host.inherited);
    return {
      command,
      args,
      env: { ...server.env, HOME: '/work', TMPDIR: '/tmp' },
      cwd: '/',
      descriptors: unused.descriptors,
      begin: async (given) => {
        unused.release();
        await beginServer(watch, [...server.readable, ...server.writable], given);
      },
      release: async (exitCode = 0) => {
        unused.release();
        await watch.end(exitCode).finally(() => group?.remove());
      },
    };
  }

  /**
   * What holds a program that stands within walls of its own, which lead out by a relay: that has room besides the
   * program. Rejects with a `Fault`: E_SANDBOX_UNAVAILABLE, E_SANDBOX_LIMIT.
   */
  async confine(profile: Profile): Promise<Confinement> {
    const host = await this.#open();
    requireLimits(profile, host.groups);
    const { processes, memoryBytes, openFiles } = profile;
    const group = await this.#makeGroup(host, {
      ...profile,
      processes: processes + RELAY.processes,
      memoryBytes: memoryBytes + RELAY.memoryBytes,
    });
    const alone = [`ulimit -p ${processes}`, `ulimit -v ${Math.floor(memoryBytes / 1_024)}`];
    return {
      filter: `/proc/${process.pid}/fd/${host.filter}`,
      doors: group?.doors ?? [],
      limits: ['ulimit -c 0', `ulimit -n ${openFiles}`, ...(group === undefined ? alone : [])],
      ...(group === undefined ? {} : { count: () => group.count() }),
      release: async () => group?.remove(),
    };
  }

  /** The filter of system calls alone, for such a program that no profile holds. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE. */
  async filter(): Promise<Confinement> {
    const { filter } = await this.#open();
    return {
      filter: `/proc/${process.pid}/fd/${filter}`,
      doors: [],
      limits: ['ulimit -c 0'],
      release: async () => {},
    };
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const cell of running) cell.child.kill('SIGKILL');
    await Promise.all(running.map((cell) => cell.ended));
    await this.#ready.close();
    const host = await this.#host?.catch(() => undefined);
    this.#host = undefined;
    if (host !== undefined) closeSync(host.filter);
  }

  /** Only what is the same for every job of a kind can stand before it is known. */
  #waitsFor({ profile, program, inputFolder, egressSocket }: SandboxJob): boolean {
    return profile.warm > 0 && program.kind === 'code' && inputFolder === undefined && egressSocket === undefined;
  }

  async #stand(host: Host, job: SandboxJob): Promise<Standing> {
    const { profile, program } = job;
    const start = readStart(program, NODE);
    if (start === undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', 'WASI modules run in tier `wasm` alone');
    const heldBy = requireLimits(profile, host.groups);
    const mounts: CellMounts = {
      system: host.system,
      readable: [
        { from: await realpath(process.execPath), to: NODE },
        ...(job.inputFolder === undefined ? [] : [{ from: job.inputFolder, to: '/input' }]),
        ...(job.packagesFolder === undefined ? [] : [{ from: job.packagesFolder, to: packagesAt(program) }]),
        ...(job.egressSocket === undefined ? [] : [{ from: relayFile(), to: relayInside() }]),
        ...(job.trustFile === undefined ? [] : [{ from: job.trustFile, to: TRUST }]),
      ],
      ...(job.programs === undefined
        ? {}
        : { programs: await this.#find([...job.programs, 'sh', ...(this.#options.isRoot ? ['setpriv'] : [])]) }),
      ...(job.egressSocket === undefined
        ? {}
        : { egressSocket: job.egressSocket, trusts: job.trustFile !== undefined }),
    };
    return this.#starting.take(() => this.#start(host, profile, mounts, start, heldBy));
  }

  async #start(
    host: Host,
    profile: Profile,
    mounts: CellMounts,
    start: Start,
    heldBy: Standing['heldBy'],
  ): Promise<Standing> {
    const group = await this.#makeGroup(host, profile);
    try {
      const cell = await startCell({
        bwrap: host.bwrap,
        walls: writeWalls(profile, mounts, this.#options.isRoot),
        supervisor: this.#supervisor(profile, group === undefined),
        argv: mounts.egressSocket === undefined ? start.argv : [...RELAY_START, '--', ...start.argv],
        openFilter: () => openSync(`/proc/self/fd/${host.filter}`, 'r'),
        inherited: host.inherited,
        ...(group === undefined ? {} : { group }),
      });
      return { cell, start, heldBy, ...(group === undefined ? {} : { group }) };
    } catch (error) {
      await group?.remove();
      throw error;
    }
  }

  #open(): Promise<Host> {
    // What is missing may be installed meanwhile: only what was found is remembered.
    this.#host ??= this.#look().catch((error: unknown) => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }

  async #look(): Promise<Host> {
    const { path, clock, cgroupRoot = '/sys/fs/cgroup' } = this.#options;
    const architecture = process.arch;
    if (process.platform !== 'linux' || (architecture !== 'x64' && architecture !== 'arm64')) {
      throw new Fault('E_SANDBOX_UNAVAILABLE', 'tier `process` is there on Linux, on x86-64 and arm64 alone');
    }
    const bwrap = await findProgram('bwrap', path);
    if (bwrap === undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', `bubblewrap is missing; ${INSTALL}`);
    const own = await readFile('/proc/self/cgroup', 'utf8');
    const file = join(tmpdir(), newId(clock, 'chaperone-filter'));
    writeFileSync(file, buildFilter(architecture), { mode: 0o600, flag: 'wx' });
    const filter = openSync(file, 'r');
    rmSync(file);
    const groups = await openControlGroups(cgroupRoot, own);
    if (groups !== undefined) await sweepControlGroups(groups.folders);
    return {
      bwrap,
      filter,
      groups,
      system: await findSystemMounts(architecture),
      inherited: await listInherited(),
    };
  }

  async #find(programs: readonly string[]): Promise<readonly string[]> {
    return Promise.all(
      programs.map(async (name) => {
        const found = await findProgram(name, this.#options.path);
        if (found === undefined)
          throw new Fault('E_SANDBOX_UNAVAILABLE', `the program \`${name}\` is missing; install it`);
        return found;
      }),
    );
  }

  async #makeGroup(host: Host, profile: Profile): Promise<ControlGroup | undefined> {
    const id = newId(this.#options.clock, `${process.pid}`).replace('_', '-');
    return host.groups?.create(id, profile);
  }

  #supervisor(profile: Profile, alone: boolean): string {
    return writeSupervisor({
      dropsRoot: this.#options.isRoot,
      openFiles: profile.openFiles,
      fileBytes: profile.spaceBytes,
      cpuSeconds: Math.ceil((profile.timeMs / 1_000) * Math.max(1, profile.cpu)) + 1,
      ...(alone ? { processes: profile.processes, memoryBytes: profile.memoryBytes } : {}),
    });
  }
}

/**
 * The pipes of a server’s walls, and nothing in the place of what this process was itself started with: such a descriptor
 * would be the server’s as well.
 */
function holdShut(inherited: readonly number[]): {
  readonly descriptors: ('pipe' | 'ignore' | number)[];
  readonly release: () => void;
} {
  const FIRST = pipes.info;
  const descriptors: ('pipe' | 'ignore' | number)[] = Array.from({ length: pipes.filter - FIRST }, () => 'pipe');
  const beyond = inherited.filter((descriptor) => descriptor >= pipes.filter);
  if (beyond.length === 0) return { descriptors, release: () => {} };
  let nothing: number | undefined = openSync('/dev/null', 'r');
  for (const descriptor of beyond) {
    while (descriptors.length < descriptor - FIRST) descriptors.push('ignore');
    descriptors[descriptor - FIRST] = nothing;
  }
  return {
    descriptors,
    release: () => {
      if (nothing !== undefined) closeSync(nothing);
      nothing = undefined;
    },
  };
}

function readSource({ program }: SandboxJob): string {
  return program.kind === 'code' ? program.source : '';
}

/** What holds each limit here. A limit that nothing can hold refuses the run, unless the profile does without it. */
function requireLimits(profile: Profile, groups: ControlGroups | undefined): Readonly<Record<string, string>> {
  const always = { time: 'timer', openFiles: 'rlimit', space: 'tmpfs', output: 'pipe', network: 'namespace' };
  if (groups !== undefined) {
    const group = `cgroup-v${groups.version}`;
    return { ...always, memory: group, processes: group, cpu: group };
  }
  if (profile.limits === 'per-process') return { ...always, memory: 'rlimit', processes: 'rlimit', cpu: 'nothing' };
  throw new Fault(
    'E_SANDBOX_LIMIT',
    `profile \`${profile.name}\` limits memory and cpu of all its processes together, and this process may make no control groups`,
  );
}
