import type { AttemptKind } from '../../src/ports/sandbox.ts';

/** What a probe may use: made new for each, on the host. */
export interface ProbeWorld {
  /** A folder of the host that no sandbox is given. Holds `canary`. */
  readonly folder: string;
  /** What the file `canary` and the variable `CANARY` hold: if a program can print it, it has read it. */
  readonly canary: string;
  /** A process of the host. */
  readonly pid: number;
  /** An open file of the test that says the same. */
  readonly held: number;
  /** A unix socket of the host that answers with the canary. */
  readonly socket: string;
}

/**
 * A hostile program. It prints `GOT` and what it got when it did what it set out to do. Run without walls it has to, in
 * the same test: a probe that cannot succeed proves nothing. What it does to the host then is small and bounded.
 */
export interface Probe {
  readonly name: string;
  readonly language: 'python' | 'shell';
  readonly source: (world: ProbeWorld) => string;
  /** What the walls have to have noticed. Nothing where there is nothing to notice: what is not there was not found. */
  readonly noticed?: AttemptKind;
  /** One of those that a machine of its own is tried with wherever the suite runs; all are where somebody asks for them. */
  readonly inMachine?: true;
  /** What else has to be so after it ran without walls (`GOT`), and must not be after it ran within. */
  readonly trace?: (world: ProbeWorld) => boolean;
}

/** The line by which a program says that it got what it wanted. */
export const GOT = 'GOT';

export function succeeded(probe: Probe, world: ProbeWorld, stdout: string): boolean {
  return stdout.includes(GOT) && (probe.trace?.(world) ?? true);
}
