import { constants } from 'node:fs';
import { access, readFile, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { makeOwnFolder } from '../../../base/own-folder.ts';
import type { Profile } from '../../../model/profile.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import { type ControlGroups, openControlGroups, sweepControlGroups } from '../process/cgroups.ts';
import { listInherited } from '../process/list-inherited.ts';
import { buildFilter } from '../process/seccomp-filter.ts';
import { findSystemMounts, type SystemMounts } from '../process/system-mounts.ts';
import { Turns } from '../process/turns.ts';
import { buildImages, type Images, makeFolderDisk } from './build-images.ts';
import { findMachineParts, type MachineParts } from './find-machine-parts.ts';
import { measureFolder } from './measure-folder.ts';
import { readGuestStart } from './read-guest-start.ts';
import { runMachine } from './run-machine.ts';
import { type MachinePlan, type RunningMachine, startMachine } from './start-machine.ts';
import { EMULATOR_BYTES, KERNEL_BYTES, type Machine } from './write-machine.ts';

export interface MicrovmOptions {
  readonly clock: Clock;
  /** The folders of the gateway's PATH, absolute. */
  readonly path: readonly string[];
  readonly isRoot: boolean;
  /** Where what machines start from is kept. */
  readonly cacheFolder: string;
  /** The folder with `boot` and `lib/modules` in it. */
  readonly kernelRoot: string;
  /** `false` leaves the host's hardware help alone. */
  readonly tryKvm?: boolean;
}

const KVM = '/dev/kvm';
/** A machine with hardware help is up long before; one whose kernel does not run with it never is. */
const KVM_MS = 8_000;
/** Emulation is slow, and slower where others need the processors. */
const STAND_MS = 90_000;
const ROOM_BYTES = 16_777_216;
const EMULATOR_THREADS = 32;
/** As everything else: what comes up slowly keeps whoever waits for it. */
const WEIGHT = 100;

/** What this host has for the tier, looked up once. */
interface Host {
  readonly parts: MachineParts;
  readonly system: SystemMounts;
  readonly groups: ControlGroups | undefined;
  readonly inherited: readonly number[];
  readonly clockKhz: number;
}

/** Programs in a machine of their own, with a kernel of its own, behind the walls of tier `process` in it. */
export class MicrovmSandbox implements Sandbox {
  readonly tier = 'microvm';
  readonly #options: MicrovmOptions;
  readonly #running = new Set<RunningMachine>();
  readonly #starting = new Turns(limits.sandboxesStarting, limits.sandboxesWaiting);
  #host: Promise<Host> | undefined;
  readonly #images = new Map<string, Promise<Images>>();
  #acceleration: Promise<MachinePlan['acceleration']> | undefined;

  constructor(options: MicrovmOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    await this.#open();
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    const host = await this.#open();
    const askedAtMs = this.#options.clock.monotonicMs();
    const { profile } = job;
    if (job.packagesFolder !== undefined)
      throw new Fault('E_SANDBOX_UNAVAILABLE', 'tier `microvm` takes no packages; use tier `process` or `gvisor`');
    requireWhole(profile, host.groups);
    const start = await readGuestStart(job, host.system, buildFilter('x64'));
    const images = await this.#build(host, start.needs);
    const acceleration = await this.#accelerate(host, images);
    await using input = await makeInput(host.parts.mke2fs, job.inputFolder);
    const memoryBytes = profile.memoryBytes + KERNEL_BYTES + EMULATOR_BYTES;
    const name = newId(this.#options.clock, `${process.pid}`).replace('_', '-');
    const group = await host.groups?.create(name, { ...profile, memoryBytes, processes: EMULATOR_THREADS }, WEIGHT);
    try {
      const disks = [images.disk, ...input.disks];
      const plan = await this.#plan(host, acceleration, toMachine(host, images, disks, profile));
      const machine = await this.#starting.take(() =>
        startMachine({ ...plan, ...(group === undefined ? {} : { group }) }),
      );
      this.#running.add(machine);
      try {
        return await runMachine({
          machine,
          job,
          files: start.files,
          askedAtMs,
          nowMs: () => this.#options.clock.monotonicMs(),
          heldBy: {
            ...{ memory: 'machine', processes: 'machine', openFiles: 'rlimit', space: 'tmpfs', time: 'timer' },
            ...{ output: 'pipe', network: 'no device', kernel: acceleration },
            cpu: host.groups === undefined ? 'machine' : `cgroup-v${host.groups.version}`,
          },
          ...(start.openDoor === undefined ? {} : { openDoor: start.openDoor }),
        });
      } finally {
        this.#running.delete(machine);
      }
    } finally {
      await group?.remove();
    }
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
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
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Fault('E_SANDBOX_UNAVAILABLE', 'tier `microvm` is there on Linux on x86-64 alone; use tier `process`');
    const parts = await findMachineParts(this.#options.path, this.#options.kernelRoot);
    const groups = await openControlGroups('/sys/fs/cgroup', await readFile('/proc/self/cgroup', 'utf8'));
    if (groups !== undefined) await sweepControlGroups(groups.folders);
    return {
      parts,
      groups,
      system: await findSystemMounts(process.arch),
      inherited: await listInherited(),
      clockKhz: readClockKhz(await readFile('/proc/cpuinfo', 'utf8')),
    };
  }

  async #build(host: Host, programs: readonly string[]): Promise<Images> {
    const key = programs.join(' ');
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const node = await realpath(process.execPath);
    const built = buildImages(host.parts, node, programs, this.#options.cacheFolder);
    this.#images.set(key, built);
    built.catch(() => this.#images.delete(key));
    return built;
  }

  /** Whether machines of this host run with its hardware help: one is started with it, to see. */
  #accelerate(host: Host, images: Images): Promise<MachinePlan['acceleration']> {
    this.#acceleration ??= this.#tryKvm(host, images);
    return this.#acceleration;
  }

  async #tryKvm(host: Host, images: Images): Promise<MachinePlan['acceleration']> {
    if (this.#options.tryKvm === false) return 'tcg';
    const mayUse = await access(KVM, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!mayUse) return 'tcg';
    const machine: Machine = {
      ...{ kernel: host.parts.kernel, initramfs: images.initramfs, disks: [images.disk] },
      ...{ memoryBytes: 2 * KERNEL_BYTES, processors: 1, spaceBytes: ROOM_BYTES, roomsBytes: ROOM_BYTES },
    };
    try {
      const tried = await startMachine({ ...(await this.#plan(host, 'kvm', machine)), standMs: KVM_MS });
      tried.child.kill('SIGKILL');
      await tried.ended;
      return 'kvm';
    } catch {
      return 'tcg'; // it is there, and does not run this kernel
    }
  }

  async #plan(host: Host, acceleration: MachinePlan['acceleration'], machine: Machine): Promise<MachinePlan> {
    const { isRoot } = this.#options;
    const { parts, system, inherited, clockKhz } = host;
    const kvm = acceleration === 'kvm' && isRoot ? await stat(KVM) : undefined;
    return {
      ...{ machine, qemu: parts.qemu, bwrap: parts.bwrap, system, isRoot, acceleration, clockKhz, inherited },
      standMs: STAND_MS,
      ...(kvm === undefined ? {} : { kvmGroup: kvm.gid }),
    };
  }
}

function toMachine(host: Host, images: Images, disks: readonly string[], profile: Profile): Machine {
  return {
    kernel: host.parts.kernel,
    initramfs: images.initramfs,
    disks,
    memoryBytes: profile.memoryBytes + KERNEL_BYTES,
    processors: Math.ceil(profile.cpu),
    spaceBytes: profile.spaceBytes,
    roomsBytes: ROOM_BYTES,
  };
}

/** A machine has whole processors: a part of one takes a control group. */
function requireWhole(profile: Profile, groups: ControlGroups | undefined): void {
  if (groups !== undefined || Number.isInteger(profile.cpu)) return;
  throw new Fault(
    'E_SANDBOX_LIMIT',
    `profile \`${profile.name}\` limits \`cpu\` to a part of a processor, and this process may make no control groups`,
  );
}

interface Input extends AsyncDisposable {
  readonly disks: readonly string[];
}

/** A disk of the folder that a job is to read, as it is now. */
async function makeInput(mke2fs: string, folder: string | undefined): Promise<Input> {
  if (folder === undefined) return { disks: [], [Symbol.asyncDispose]: async () => {} };
  const place = await makeOwnFolder('input');
  const remove = () => rm(place, { recursive: true, force: true });
  try {
    const file = join(place, 'input.ext4');
    await makeFolderDisk(mke2fs, folder, await measureFolder(folder), file);
    return { disks: [file], [Symbol.asyncDispose]: remove };
  } catch (cause) {
    await remove();
    throw new Fault('E_SANDBOX', 'the folder that a machine is to read could not be put on a disk', { cause });
  }
}

const USUAL_KHZ = 2_000_000;

/** How fast the processor's clock runs: what its name says, else what it runs at now. */
function readClockKhz(text: string): number {
  const named = /^model name.*@ ([\d.]+)GHz/m.exec(text)?.[1];
  const now = /^cpu MHz\s*:\s*([\d.]+)/m.exec(text)?.[1];
  if (named !== undefined) return Math.round(Number(named) * 1_000_000);
  return now === undefined ? USUAL_KHZ : Math.round(Number(now) * 1_000);
}
