import type { Writable } from 'node:stream';
import type { StartedProgram } from '../../adapters/sandboxes/program/start-program.ts';
import type { EscapeAttempt } from '../../ports/sandbox.ts';

/** What a profile's own entry says of a program that would live on. */
export interface ProgramBounds {
  readonly timeMs?: number;
  readonly outputBytes?: number;
}

/** Where what it prints goes, when that is counted. */
export interface ProgramOutputs {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Says once that a program took too long or printed too much, and passes on what it printed until then. Returns what lets
 * go of it.
 */
export function boundProgram(
  { child }: Pick<StartedProgram, 'child'>,
  { timeMs, outputBytes }: ProgramBounds,
  outputs: ProgramOutputs,
  onHit: (attempt: EscapeAttempt) => void,
): () => void {
  let isHit = false;
  const hit = (attempt: EscapeAttempt) => {
    if (isHit) return;
    isHit = true;
    onHit(attempt);
  };
  const timer =
    timeMs === undefined
      ? undefined
      : setTimeout(
          () => hit({ kind: 'time', severity: 'low', detail: 'it did not end in the time its profile gives' }),
          timeMs,
        );
  let left = outputBytes ?? 0;
  for (const name of outputBytes === undefined ? [] : (['stdout', 'stderr'] as const)) {
    const from = child[name];
    const to = outputs[name];
    from?.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0)
        return hit({ kind: 'output', severity: 'medium', detail: 'it printed more than its profile gives' });
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
  }
  return () => clearTimeout(timer);
}
