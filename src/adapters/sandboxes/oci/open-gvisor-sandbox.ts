import { execFile } from 'node:child_process';
import { mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import { findProgram } from '../find-program.ts';
import { runOutside } from './run-outside.ts';
import { stageJob } from './stage-job.ts';
import { writeSpec } from './write-spec.ts';

export interface GvisorOptions {
  readonly clock: Clock;
  readonly path: readonly string[];
  readonly isRoot: boolean;
}

const INSTALL = 'install gVisor’s `runsc`, see https://gvisor.dev/docs/user_guide/install/';
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64'];
/** What `runsc` answers with where it could not start anything. */
const NOT_STARTED = [128];

/** Programs on a kernel of their own, written in a language that keeps its memory: gVisor. The host’s sees few calls. */
export class GvisorSandbox implements Sandbox {
  readonly tier = 'gvisor';
  readonly #options: GvisorOptions;
  readonly #running = new Map<string, () => Promise<void>>();

  constructor(options: GvisorOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    await this.#find();
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    const runsc = await this.#find();
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
    if (job.inputFolder !== undefined) readable.push({ from: job.inputFolder, to: '/input' });
    const argv = staged.argv[0] === 'node' ? ['/opt/node', ...staged.argv.slice(1)] : staged.argv;
    const spec = writeSpec({ profile: job.profile, argv, readable, work: staged.work, root });
    await writeFile(join(staged.folder, 'config.json'), JSON.stringify(spec));
    const id = newId(this.#options.clock, 'chaperone').replace('_', '-');
    const common = writeRuntimeArguments(join(staged.folder, 'state'));
    const kill = () => runQuietly(runsc, [...common, 'kill', id, 'KILL']);
    this.#running.set(id, kill);
    try {
      return await runOutside({
        job,
        command: runsc,
        args: [...common, 'run', '--bundle', staged.folder, id],
        work: staged.work,
        kill,
        nowMs: () => this.#options.clock.monotonicMs(),
        heldBy: {
          memory: 'cgroup',
          processes: 'cgroup',
          cpu: 'cgroup',
          time: 'timer',
          network: 'none',
          space: 'rlimit',
        },
        notStarted: NOT_STARTED,
      });
    } finally {
      this.#running.delete(id);
      await runQuietly(runsc, [...common, 'delete', '--force', id]);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((kill) => kill()));
  }

  async #find(): Promise<string> {
    const runsc = await findProgram('runsc', this.#options.path);
    if (runsc === undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', `\`runsc\` is missing; ${INSTALL}`);
    if (!this.#options.isRoot) {
      throw new Fault('E_SANDBOX_UNAVAILABLE', '`runsc` holds memory and processes for root alone; use tier `process`');
    }
    return runsc;
  }
}

/** What holds for every command to the runtime: where it keeps its state, no network, its own way to catch calls. */
export function writeRuntimeArguments(state: string): readonly string[] {
  return ['--root', state, '--network', 'none', '--platform', 'systrap', '--overlay2', 'none', '--host-uds', 'none'];
}

function runQuietly(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => execFile(command, [...args], { env: {} }, () => resolve()));
}
