import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { isAlive } from '../../../base/own-folder.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import { findProgram } from '../find-program.ts';
import { stageDecoys } from '../process/decoys.ts';
import { askEngine } from './ask-engine.ts';
import { runOutside } from './run-outside.ts';
import { stageJob } from './stage-job.ts';
import { WatchedStart, watchedCommand } from './watched-start.ts';
import { writeEngineArguments } from './write-engine-arguments.ts';
import { writeSeccomp } from './write-seccomp.ts';

export interface ContainerOptions {
  readonly clock: Clock;
  readonly path: readonly string[];
  /** The image programs run in, by digest; it is never pulled. */
  readonly image: string | undefined;
}

const PREFIX = 'chaperone-';
/** An engine has a daemon to ask, and layers to put together. */
const STAND_MS = 60_000;
const ENGINES = ['podman', 'docker'] as const;
const INSTALL = 'install one: `apt-get install podman`';
/** What engines answer with where they could not start anything. */
const NOT_STARTED = [125, 126, 127];

/** Programs in a container of an engine that is there, with the profile in the engine's own words. */
export class ContainerSandbox implements Sandbox {
  readonly tier = 'container';
  readonly #options: ContainerOptions;
  readonly #running = new Map<string, () => Promise<void>>();
  #swept: Promise<void> | undefined;

  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    await this.#find();
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    const { engine, image } = await this.#find();
    if (job.packagesFolder !== undefined)
      throw new Fault(
        'E_SANDBOX_UNAVAILABLE',
        'tier `container` has the packages of its image; leave `builtin.packages` out',
      );
    await using staged = await stageJob(job);
    const name = `${PREFIX}${process.pid}-${newId(this.#options.clock, 'run').replace('_', '-')}`;
    const kill = () => runQuietly(engine, ['rm', '--force', name]);
    this.#running.set(name, kill);
    try {
      const seccomp = join(staged.folder, 'seccomp.json');
      await writeFile(seccomp, JSON.stringify(writeSeccomp()));
      using decoys = stageDecoys(staged.folder);
      using watched = await WatchedStart.open(staged.folder, () => findFirstProcess(engine, name));
      const args = writeEngineArguments({
        name,
        image,
        seccomp,
        profile: job.profile,
        argv: watchedCommand(staged.argv),
        work: staged.work,
        readable: [{ from: staged.code, to: '/code' }, watched.mount],
        decoys: decoys.mounts,
        ...(job.inputFolder === undefined ? {} : { inputFolder: job.inputFolder }),
      });
      return await runOutside({
        job,
        command: engine,
        args,
        work: staged.work,
        kill,
        nowMs: () => this.#options.clock.monotonicMs(),
        heldBy: {
          memory: 'engine',
          processes: 'engine',
          cpu: 'engine',
          time: 'timer',
          network: 'engine',
          space: 'rlimit',
        },
        notStarted: NOT_STARTED,
        explain: (complaint) => explain(complaint, engine, image),
        decoys: decoys.laid,
        begun: watched.begun,
        standMs: STAND_MS,
        cameTo: () => watched.cameTo,
        count: async () => watched.counts,
        noticed: () => watched.finish(),
      });
    } finally {
      this.#running.delete(name);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((kill) => kill()));
  }

  /** An engine that answers: a program alone is not one. */
  async #find(): Promise<{ readonly engine: string; readonly image: string }> {
    const { image, path } = this.#options;
    if (image === undefined) {
      throw new Fault('E_SANDBOX_UNAVAILABLE', 'tier `container` needs an image: `builtin.image`, by digest');
    }
    let lacks: string | undefined;
    for (const name of ENGINES) {
      const engine = await findProgram(name, path);
      const answer = engine === undefined ? undefined : await askEngine(engine);
      if (engine === undefined || answer === undefined) continue;
      if (answer.unheld.length > 0) {
        lacks ??= `${name} holds no limit of ${answer.unheld.join(', ')} here`;
        continue;
      }
      this.#swept ??= sweep(engine);
      await this.#swept;
      return { engine, image };
    }
    if (lacks !== undefined)
      throw new Fault(
        'E_SANDBOX_LIMIT',
        `${lacks}: run the gateway as root, or give its user control groups of version 2`,
      );
    throw new Fault('E_SANDBOX_UNAVAILABLE', `neither Podman nor Docker answers; ${INSTALL}`);
  }
}

/** What is wrong with the image, where that is what the engine complains of. */
function explain(complaint: string, engine: string, image: string): string | undefined {
  if (/\/bin\/sh\b.*(?:no such file|not found)/is.test(complaint))
    return 'the image of `builtin.image` has no `/bin/sh`, by which programs are started in it; name one that has';
  if (/no such image|image not known|unable to find image|does not exist|failed to find image/i.test(complaint))
    return `the image of \`builtin.image\` is not there, and is never pulled by itself: \`${basename(engine)} pull ${image}\``;
  return undefined;
}

/** Its number on the host. Rejects with a `Fault` E_SANDBOX: a container that cannot be watched runs nothing. */
async function findFirstProcess(engine: string, name: string): Promise<number> {
  const asked = ['inspect', '--format', '{{.State.Pid}}', name];
  const text = await new Promise<string>((resolve) => execFile(engine, asked, (_error, stdout) => resolve(stdout)));
  const pid = Number(text.trim());
  if (Number.isSafeInteger(pid) && pid > 0) return pid;
  throw new Fault('E_SANDBOX', 'the engine does not say which process its container is');
}

/** Ends containers of processes that have ended: an engine goes on with them whoever asked for them. */
async function sweep(engine: string): Promise<void> {
  const list = ['ps', '--all', '--filter', 'label=chaperone.profile', '--format', '{{.Names}}'];
  const text = await new Promise<string>((resolve) => execFile(engine, list, (_error, stdout) => resolve(stdout)));
  for (const name of text.split('\n')) {
    const owner = /^chaperone-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await runQuietly(engine, ['rm', '--force', name]);
  }
}

function runQuietly(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => execFile(command, [...args], () => resolve()));
}
