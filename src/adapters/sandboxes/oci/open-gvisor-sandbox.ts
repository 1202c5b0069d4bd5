import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { makeOwnFolder } from '../../../base/own-folder.ts';
import { type Profile, readyProfiles } from '../../../model/profile.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import { findProgram } from '../find-program.ts';
import { type ControlGroups, openControlGroups } from '../process/cgroups.ts';
import { stageDecoys } from '../process/decoys.ts';
import { packagesAt } from '../process/languages.ts';
import { KernelLog, listWatched } from './kernel-log.ts';
import { runOutside } from './run-outside.ts';
import { stageJob } from './stage-job.ts';
import { writeSpec } from './write-spec.ts';

export interface GvisorOptions {
  readonly clock: Clock;
  readonly path: readonly string[];
  readonly isRoot: boolean;
}

const INSTALL = 'install it: `apt-get install runsc`, or as https://gvisor.dev/docs/user_guide/install/ says';
/**
 * What gVisor’s own kernel takes beside the program: memory, and threads. Measured with `ptrace` on two processors, those
 * are eighty before a program does anything, and seventeen for each of its processes.
 */
const KERNEL_BYTES = 64 * 1_048_576;
const KERNEL_THREADS = 96;
const THREADS_EACH = 20;
const MOST_MS = 10_000;
const STAND_MS = 10_000;
const PROOF_MS = 30_000;
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64'];
/** What `runsc` answers with where it could not start anything. */
const NOT_STARTED = [128];

/** Asks for what is told, of each kind: a namespace, to become root, and a name that nobody here knows. */
const TELLING = 'unshare --user true; setpriv --reuid 0 true; getent hosts chaperone.invalid; exit 0';
const TOLD = ['system-call', 'network'] as const;

/** Programs on a kernel of their own, written in a language that keeps its memory: gVisor. The host’s sees few calls. */
export class GvisorSandbox implements Sandbox {
  readonly tier = 'gvisor';
  readonly #options: GvisorOptions;
  #platform: Promise<Platform> | undefined;
  #groups: Promise<ControlGroups | undefined> | undefined;
  #tells: Promise<void> | undefined;
  readonly #running = new Map<string, () => Promise<void>>();

  constructor(options: GvisorOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    await this.#find();
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    return this.#run(job, await this.#find());
  }

  async #run(job: SandboxJob, { runsc, platform }: Runtime): Promise<SandboxOutcome> {
    await using staged = await stageJob(job);
    const root = join(staged.folder, 'root');
    await mkdir(root);
    const readable = [
      { from: staged.code, to: '/code' },
      { from: await realpath(process.execPath), to: '/opt/node' },
    ];
    for (const folder of SYSTEM) {
      if (await stat(folder).catch(() => undefined)) readable.push({ from: await realpath(folder), to: folder });
    }
    if (job.packagesFolder !== undefined) readable.push({ from: job.packagesFolder, to: packagesAt(job.program) });
    if (job.inputFolder !== undefined) readable.push({ from: job.inputFolder, to: '/input' });
    const argv = staged.argv[0] === 'node' ? ['/opt/node', ...staged.argv.slice(1)] : staged.argv;
    using decoys = stageDecoys(staged.folder);
    const spec = writeSpec({ profile: job.profile, argv, readable, decoys: decoys.mounts, work: staged.work, root });
    await writeFile(join(staged.folder, 'config.json'), JSON.stringify(spec));
    const id = newId(this.#options.clock, 'chaperone').replace('_', '-');
    const common = writeRuntimeArguments(join(staged.folder, 'state'), platform);
    using log = await KernelLog.open(staged.folder);
    const kill = () => runQuietly(runsc, [...common, 'kill', id, 'KILL']);
    const groups = await this.#findGroups(job.profile);
    const group = await groups.create(newId(this.#options.clock, `${process.pid}`).replace('_', '-'), {
      ...job.profile,
      memoryBytes: job.profile.memoryBytes + KERNEL_BYTES,
      processes: job.profile.processes * THREADS_EACH + KERNEL_THREADS,
    });
    this.#running.set(id, async () => {
      await kill();
      await group.kill();
    });
    try {
      return await runOutside({
        job,
        command: runsc,
        args: [...common, ...writeTraceArguments(log.path), 'run', '--bundle', staged.folder, id],
        work: staged.work,
        kill,
        nowMs: () => this.#options.clock.monotonicMs(),
        heldBy: {
          memory: `cgroup-v${groups.version}`,
          processes: 'rlimit',
          cpu: `cgroup-v${groups.version}`,
          time: 'timer',
          network: 'none',
          space: 'rlimit',
        },
        notStarted: NOT_STARTED,
        decoys: decoys.laid,
        begun: log.begun,
        standMs: STAND_MS,
        cameTo: () => log.cameTo,
        noticed: () => log.finish(),
        group,
        count: () => group.count(),
      });
    } finally {
      this.#running.delete(id);
      await runQuietly(runsc, [...common, 'delete', '--force', id]);
      await group.kill();
      await group.remove();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((kill) => kill()));
  }

  async #findGroups(profile: Profile): Promise<ControlGroups> {
    this.#groups ??= openControlGroups('/sys/fs/cgroup', await readFile('/proc/self/cgroup', 'utf8'));
    const groups = await this.#groups;
    if (groups !== undefined) return groups;
    throw new Fault(
      'E_SANDBOX_LIMIT',
      `profile \`${profile.name}\` limits memory and cpu of all its processes together, and this process may make no control groups`,
    );
  }

  async #find(): Promise<Runtime> {
    const runsc = await findProgram('runsc', this.#options.path);
    if (runsc === undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', `\`runsc\` is missing; ${INSTALL}`);
    if (!this.#options.isRoot) {
      throw new Fault('E_SANDBOX_UNAVAILABLE', '`runsc` holds memory and processes for root alone; use tier `process`');
    }
    this.#platform ??= findPlatform(runsc);
    const runtime = { runsc, platform: await this.#platform };
    this.#tells ??= this.#proveTelling(runtime).catch((error: unknown) => {
      this.#tells = undefined; // the host may only have been too busy
      throw error;
    });
    await this.#tells;
    return runtime;
  }

  /**
   * What is tried is told by what gVisor writes, in words that its makers may change: where those are not known here,
   * nothing would be told any more. So one program of our own has to be told of before any other runs.
   */
  async #proveTelling(runtime: Runtime): Promise<void> {
    const profile: Profile = { ...(readyProfiles['code'] as Profile), tier: 'gvisor', timeMs: PROOF_MS };
    const program = { kind: 'code', language: 'shell', source: TELLING } as const;
    const { attempts } = await this.#run({ profile, program, files: [] }, runtime);
    if (TOLD.every((kind) => attempts.some((attempt) => attempt.kind === kind))) return;
    throw new Fault(
      'E_SANDBOX_UNAVAILABLE',
      'attempts cannot be told with this version of `runsc`: what its kernel is asked is not written in words that are known here; install another, or choose another `tier`',
    );
  }
}

interface Runtime {
  readonly runsc: string;
  readonly platform: Platform;
}

/** How calls are caught: by `systrap`, or, in versions before it, by `ptrace`. */
type Platform = 'systrap' | 'ptrace';

/** Whether this version knows the quicker one: it refuses what it does not know before it does anything. */
async function findPlatform(runsc: string): Promise<Platform> {
  const state = await makeOwnFolder('runsc');
  try {
    return await new Promise((resolve) =>
      execFile(runsc, ['--root', state, '--platform', 'systrap', 'list'], { env: {} }, (error) =>
        resolve(error === null ? 'systrap' : 'ptrace'),
      ),
    );
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

/** What holds for every command to the runtime: where it keeps its state, no network, its own way to catch calls. */
export function writeRuntimeArguments(state: string, platform: Platform): readonly string[] {
  return [
    '--root',
    state,
    '--network',
    'none',
    '--ignore-cgroups',
    '--platform',
    platform,
    '--overlay2',
    'none',
    '--host-uds',
    'none',
  ];
}

/** Has its kernel tell of the few calls that no ordinary program makes, and of no other. */
function writeTraceArguments(log: string): readonly string[] {
  const watched = listWatched(process.arch === 'arm64' ? 'arm64' : 'x64').join(',');
  return ['--debug-log', log, '--strace', '--strace-syscalls', watched, '--strace-log-size', '64'];
}

function runQuietly(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) =>
    execFile(command, [...args], { env: {}, timeout: MOST_MS, killSignal: 'SIGKILL' }, () => resolve()),
  );
}
