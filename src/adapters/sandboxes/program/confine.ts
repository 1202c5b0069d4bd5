import type { GroupCounts } from '../process/cgroups.ts';
import { pipes } from '../process/supervise.ts';

/** What holds a program besides its walls. */
export interface Confinement {
  /** Where the filter of system calls is read from. */
  readonly filter: string;
  /** What a process writes to, to be in the control group. */
  readonly doors: readonly string[];
  /** What the shell is told before it becomes the program. */
  readonly limits: readonly string[];
  /** What the control group counted, where there is one. */
  readonly count?: () => Promise<GroupCounts>;
  /** Takes down what was set up. To be called when the program has ended. */
  release(): Promise<void>;
}

/** What starts `bwrap` with these arguments in the control group, with the filter open. */
export function confineWalls(bwrap: string, args: readonly string[], { filter, doors }: Confinement) {
  const script = [
    ...doors.map((door) => `echo 0 > '${door}' || exit 126`),
    `exec ${pipes.filter}< '${filter}'`,
    `exec '${bwrap}' "$@"`,
  ].join('\n');
  return { command: '/bin/sh', args: ['-c', script, 'sh', '--seccomp', `${pipes.filter}`, ...args] };
}

/** A command that runs under the limits: the program's alone, not those of what leads out. */
export function limitCommand(command: readonly string[], { limits }: Confinement): readonly string[] {
  return ['/bin/sh', '-c', [...limits, 'exec "$@"'].join('\n'), 'sh', ...command];
}
