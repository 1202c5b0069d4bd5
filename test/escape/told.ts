import type { AttemptKind } from '../../src/ports/sandbox.ts';

/** Where hostile programs are tried, in the words of the table in `docs/sandboxes.md`. */
export type Where = 'wasm' | 'process' | 'container' | 'gvisor' | 'microvm' | 'server' | 'run';

/**
 * What walls tell of, by where they stand: a probe that runs into them there is told, and what is not named here is held
 * in silence. The suites hold the walls to it, and `test/docs` the table that people read.
 */
export const told: Readonly<Record<Where, readonly AttemptKind[]>> = {
  wasm: ['memory', 'time', 'output', 'function'],
  process: ['system-call', 'decoy', 'network', 'memory', 'processes', 'time', 'output', 'link', 'leftover'],
  container: ['system-call', 'decoy', 'network', 'memory', 'processes', 'time', 'output', 'link', 'leftover'],
  gvisor: ['system-call', 'decoy', 'network', 'memory', 'processes', 'time', 'output', 'link'],
  microvm: ['system-call', 'decoy', 'network', 'memory', 'processes', 'time', 'output', 'link', 'leftover'],
  server: ['system-call', 'decoy', 'network', 'memory', 'processes'],
  run: ['system-call', 'decoy', 'network', 'memory', 'processes', 'time', 'output'],
};

export function isTold(where: Where, kind: AttemptKind): boolean {
  return told[where].includes(kind);
}
