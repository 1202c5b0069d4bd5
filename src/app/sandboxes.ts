import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { MicrovmSandbox } from '../adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { ContainerSandbox } from '../adapters/sandboxes/oci/open-container-sandbox.ts';
import { GvisorSandbox } from '../adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { ProcessSandbox } from '../adapters/sandboxes/process/open-process-sandbox.ts';
import { WasmSandbox } from '../adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { searchFolders } from '../adapters/tools/mcp/launch/server-environment.ts';
import type { Clock } from '../base/clock.ts';
import type { SandboxTier } from '../model/profile.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../ports/sandbox.ts';

export interface SandboxOptions {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What tier `container` runs programs in, by digest. */
  readonly image: string | undefined;
  /** Where the kernel of tier `microvm` is, if not in `/`: the folder with `boot` and `lib/modules` in it. */
  readonly kernel: string | undefined;
}

/** Threads of tier `wasm` that are kept ready. */
const READY_THREADS = 2;

/** The walls of this host as one of those who share them has them. */
export interface SharedWalls {
  run(job: SandboxJob): Promise<SandboxOutcome>;
  of(tier: SandboxTier): Sandbox;
  /** Lets go of them. Whoever is the last takes them down. */
  close(): Promise<void>;
}

/** The walls of this host by tier, opened when one is first asked for. None ever stands in for another. */
export class Sandboxes {
  readonly #options: SandboxOptions;
  readonly #open = new Map<SandboxTier, Sandbox>();
  readonly #users = new Set<SharedWalls>();

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /** For one source: it counts from when it first asks for a wall. */
  share(): SharedWalls {
    const share: SharedWalls = {
      run: (job) => share.of(job.profile.tier).run(job),
      of: (tier) => {
        this.#users.add(share);
        return this.#of(tier);
      },
      close: async () => {
        if (this.#users.delete(share) && this.#users.size === 0) await this.#close();
      },
    };
    return share;
  }

  #of(tier: SandboxTier): Sandbox {
    const known = this.#open.get(tier);
    if (known !== undefined) return known;
    const opened = openTier(tier, this.#options);
    this.#open.set(tier, opened);
    return opened;
  }

  async #close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(open.map((sandbox) => sandbox.close()));
  }
}

function findCache(environment: SandboxOptions['environment']): string {
  const told = environment['XDG_CACHE_HOME'];
  const folder = told !== undefined && isAbsolute(told) ? told : join(environment['HOME'] ?? homedir(), '.cache');
  return join(folder, 'chaperone', 'machines');
}

function openTier(tier: SandboxTier, { clock, environment, image, kernel }: SandboxOptions): Sandbox {
  const path = searchFolders(environment);
  switch (tier) {
    case 'wasm':
      return new WasmSandbox({ clock, ready: READY_THREADS });
    case 'process':
      return new ProcessSandbox({ clock, path, isRoot: process.getuid?.() === 0 });
    case 'gvisor':
      return new GvisorSandbox({ clock, path, isRoot: process.getuid?.() === 0 });
    case 'container':
      return new ContainerSandbox({ clock, path, image });
    case 'microvm':
      return new MicrovmSandbox({
        clock,
        path,
        isRoot: process.getuid?.() === 0,
        kernelRoot: kernel ?? '/',
        cacheFolder: findCache(environment),
      });
  }
}
