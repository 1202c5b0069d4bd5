import type { SandboxJob } from '../../../ports/sandbox.ts';
import type { ControlGroup } from './cgroups.ts';
import type { Start } from './languages.ts';
import type { Cell } from './start-cell.ts';

/** A sandbox that stands, with all that belongs to it. */
export interface Standing {
  readonly cell: Cell;
  readonly group?: ControlGroup;
  readonly start: Start;
  readonly heldBy: Readonly<Record<string, string>>;
}

/** Equal for jobs that the same waiting sandbox would do for. */
export function nameKind({ profile, program, programs = [], packagesFolder = '' }: SandboxJob): string {
  return JSON.stringify([profile, program.kind === 'code' ? program.language : '', programs, packagesFolder]);
}

/** Takes a sandbox down that has ended. */
export async function takeDown({ cell, group }: Standing): Promise<void> {
  cell.release();
  await group?.remove();
}

/** Sandboxes that stand and wait. Each is handed out once, and never comes back. */
export class ReadyCells {
  readonly #waiting = new Map<string, Standing[]>();
  readonly #filling = new Map<string, Promise<void>>();
  #closed = false;

  /** One that still stands. */
  take(kind: string): Standing | undefined {
    const waiting = this.#waiting.get(kind) ?? [];
    for (let standing = waiting.shift(); standing !== undefined; standing = waiting.shift()) {
      const { exitCode, signalCode } = standing.cell.child;
      if (exitCode === null && signalCode === null) return standing;
      void end(standing); // somebody ended it
    }
    return undefined;
  }

  /** Makes as many as are missing, one after the other: they are for later. */
  fill(kind: string, count: number, make: () => Promise<Standing>): Promise<void> {
    const filling = this.#filling.get(kind);
    if (filling !== undefined) return filling;
    const filled = this.#fill(kind, count, make).finally(() => this.#filling.delete(kind));
    this.#filling.set(kind, filled);
    return filled;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#filling.values());
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    await Promise.all(all.map(end));
  }

  async #fill(kind: string, count: number, make: () => Promise<Standing>): Promise<void> {
    const waiting = this.#waiting.get(kind) ?? [];
    this.#waiting.set(kind, waiting);
    while (waiting.length < count && !this.#closed) {
      const standing = await make();
      if (this.#closed) return end(standing);
      waiting.push(standing);
    }
  }
}

async function end(standing: Standing): Promise<void> {
  standing.cell.child.kill('SIGKILL');
  await standing.cell.ended;
  await takeDown(standing);
}
