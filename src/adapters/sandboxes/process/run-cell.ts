import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { Fault } from '../../../base/fault.ts';
import type { SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import type { ControlGroup } from './cgroups.ts';
import { lookAt } from './finish-cell.ts';
import { readChanges } from './read-changes.ts';
import type { Cell } from './start-cell.ts';
import { readReport } from './supervise.ts';

export interface CellRun {
  readonly cell: Cell;
  readonly job: SandboxJob;
  readonly code?: { readonly file: string; readonly text: string };
  readonly group?: ControlGroup;
  /** Monotonic, milliseconds; and when it was asked for. */
  readonly nowMs: () => number;
  readonly askedAtMs: number;
  readonly heldBy: Readonly<Record<string, string>>;
}

/**
 * Runs a job in a sandbox that stands, watches it to its end, and takes over what it left. Whatever happens, no process
 * of it is left when this settles. The program may have begun already, and wait for its first line.
 */
export async function runCell(run: CellRun): Promise<SandboxOutcome> {
  const { cell, job, code, group } = run;
  const { profile } = job;
  let startedAtMs = run.askedAtMs;
  let stopped: 'time' | 'output' | 'cancelled' | undefined;
  const stop = (why: typeof stopped) => {
    stopped ??= why;
    cell.child.kill('SIGKILL'); // its first process dies with it, and all others with that
  };
  const onAbort = () => stop('cancelled');
  const timer = setTimeout(() => stop('time'), profile.timeMs);
  job.signal?.addEventListener('abort', onAbort, { once: true });
  const output = { left: profile.outputBytes, stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const name of ['stdout', 'stderr'] as const) {
    cell[name].on('data', (chunk: Buffer) => {
      output.left -= chunk.length;
      if (output.left >= 0) output[name].push(chunk);
      else stop('output');
    });
  }
  try {
    if (job.signal?.aborted) stop('cancelled');
    for (const { path, bytes } of job.files) await place(cell.work, path, bytes, WRITABLE);
    if (code !== undefined) await place(cell.code, code.file, code.text, READABLE);
    cell.go();
    if (code !== undefined) cell.stdin.write('\n');
    cell.stdin.end(job.stdin);
    startedAtMs = run.nowMs();
    await cell.ended;
  } catch (error) {
    stop('cancelled');
    await cell.ended;
    throw error instanceof Fault
      ? error
      : new Fault('E_SANDBOX_LOST', 'what a program needs could not be put into its sandbox', { cause: error });
  } finally {
    clearTimeout(timer);
    job.signal?.removeEventListener('abort', onAbort);
  }
  if (stopped === undefined && readReport(cell.report()) === undefined && (await group?.count())?.outOfMemory === 0) {
    const how = cell.child.signalCode ?? cell.child.exitCode;
    throw new Fault('E_SANDBOX_LOST', `a sandbox was ended from outside while its program ran (${how})`);
  }
  const ending = lookAt(cell, stopped, await group?.count());
  const left = await readChanges(cell.work, job.files, profile.spaceBytes);
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8').toWellFormed();
  return {
    ...ending,
    stdout: text(output.stdout),
    stderr: text(output.stderr),
    changes: left.changes,
    attempts: [...ending.attempts, ...left.attempts],
    untilStartMs: startedAtMs - run.askedAtMs,
    wallMs: run.nowMs() - run.askedAtMs,
    heldBy: run.heldBy,
  };
}

/** For everybody inside, whatever this process takes away from the files it makes. */
async function place(folder: string, path: string, bytes: Uint8Array | string, modes: Modes): Promise<void> {
  let at = folder;
  const steps = path.split('/');
  const name = steps.pop() ?? path;
  for (const step of steps) {
    at = `${at}/${step}`;
    await mkdir(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await chmod(at, modes.folder);
  }
  await writeFile(`${at}/${name}`, bytes);
  await chmod(`${at}/${name}`, modes.file);
}

interface Modes {
  readonly file: number;
  readonly folder: number;
}
const WRITABLE: Modes = { file: 0o666, folder: 0o777 };
const READABLE: Modes = { file: 0o644, folder: 0o755 };
