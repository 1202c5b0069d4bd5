import type { EscapeAttempt, RunEnd } from '../../../ports/sandbox.ts';
import type { GroupCounts } from './cgroups.ts';
import { findTouched } from './decoys.ts';
import { countNetworkAttempts } from './network-counters.ts';
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

/** Read when nothing of the sandbox runs any more. `stopped` says why the host ended it, if it did. */
export function readEnding(
  cell: Cell,
  stopped: 'time' | 'output' | 'cancelled' | undefined,
  counts: GroupCounts | undefined,
): Ending {
  const report = readReport(cell.report());
  const exitCode = report?.exitCode ?? cell.child.exitCode ?? bySignal(SIGKILL);
  const ranOutOfMemory = (counts?.outOfMemory ?? 0) > 0;
  const attempts: EscapeAttempt[] = [];
  const note = (kind: EscapeAttempt['kind'], severity: EscapeAttempt['severity'], detail: string) =>
    attempts.push({ kind, severity, detail });

  if (exitCode === bySignal(SIGSYS))
    note('system-call', 'high', 'it asked the kernel for something no program inside is given');
  for (const path of findTouched(cell.decoys)) note('decoy', 'high', `it opened the decoy ${path}`);
  const network = countNetworkAttempts(cell.network);
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
