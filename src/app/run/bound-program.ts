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
 * Has a program asked to end once it took too long or printed too much, and passes on what it printed until then. Returns
 * what says which of them it ran into, and lets go of it.
 */
export function boundProgram(
  { child }: Pick<StartedProgram, 'child'>,
  { timeMs, outputBytes }: ProgramBounds,
  outputs: ProgramOutputs,
  stop: () => void,
): () => readonly EscapeAttempt[] {
  const attempts: EscapeAttempt[] = [];
  const hit = (attempt: EscapeAttempt) => {
    if (attempts.length > 0) return;
    attempts.push(attempt);
    stop();
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
  return () => {
    clearTimeout(timer);
    return attempts;
  };
}
