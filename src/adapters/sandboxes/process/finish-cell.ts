import type { EscapeAttempt, RunEnd } from '../../../ports/sandbox.ts';
import type { GroupCounts } from './cgroups.ts';
import { findTouched } from './decoys.ts';
import type { Cell } from './start-cell.ts';
import { readReport } from './supervise.ts';

const SIGSYS = 31;
const SIGKILL = 9;
const bySignal = (signal: number) => 128 + signal;

/** How a program ended, and what its walls noticed. */
export interface Ending {
  readonly end: RunEnd;
  readonly exitCode: number;
  readonly attempts: readonly EscapeAttempt[];
}

/** What there is to see when nothing of the sandbox runs any more. */
export interface Seen {
  /** What the walls' own process inside told. */
  readonly report: string;
  /** Where it told nothing. */
  readonly exitCode: number;
  /** Paths of the decoys that were opened. */
  readonly touched: readonly string[];
  readonly networkAttempts: number;
  readonly counts: GroupCounts | undefined;
  /** Why the host ended it, if it did. */
  readonly stopped: 'time' | 'output' | 'cancelled' | undefined;
}

/** Looks at a sandbox of this host's own kernel. */
export function lookAt(cell: Cell, stopped: Seen['stopped'], counts: GroupCounts | undefined): Ending {
  return readEnding({
    report: cell.report(),
    exitCode: cell.child.exitCode ?? bySignal(SIGKILL),
    touched: findTouched(cell.decoys),
    networkAttempts: cell.network.count(),
    counts,
    stopped,
  });
}

export function readEnding(seen: Seen): Ending {
  const { stopped, counts, touched, networkAttempts: network } = seen;
  const report = readReport(seen.report);
  const exitCode = report?.exitCode ?? seen.exitCode;
  const ranOutOfMemory = (counts?.outOfMemory ?? 0) > 0;
  const attempts: EscapeAttempt[] = [];
  const note = (kind: EscapeAttempt['kind'], severity: EscapeAttempt['severity'], detail: string) =>
    attempts.push({ kind, severity, detail });

  if (exitCode === bySignal(SIGSYS))
    note('system-call', 'high', 'it asked the kernel for something no program inside is given');
  for (const path of touched) note('decoy', 'high', `it opened the decoy ${path}`);
  if (network > 0) note('network', 'medium', `it tried ${network} times to reach a network where there is none`);
  if (ranOutOfMemory) note('memory', 'medium', 'it asked for more memory than its profile gives');
  if (counts?.refusedProcesses) note('processes', 'medium', 'it started more processes than its profile gives');
  if (stopped === 'time') note('time', 'low', 'it did not end in the time its profile gives');
  if (stopped === 'output') note('output', 'medium', 'it printed more than its profile gives');
  if ((report?.leftovers ?? 0) > 0) note('leftover', 'low', `it left ${report?.leftovers} processes, which were ended`);

  if (stopped !== undefined) return { end: stopped, exitCode, attempts };
  if (ranOutOfMemory && exitCode !== 0) return { end: 'memory', exitCode, attempts };
  return { end: exitCode > 128 ? 'signal' : 'exit', exitCode, attempts };
}
