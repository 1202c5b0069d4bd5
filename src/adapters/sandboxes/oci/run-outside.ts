import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import type { EscapeAttempt, RunEnd, SandboxJob, SandboxOutcome, WorkFile } from '../../../ports/sandbox.ts';
import type { ControlGroup, GroupCounts } from '../process/cgroups.ts';
import { findTouched, type Laid } from '../process/decoys.ts';
import { readChanges } from '../process/read-changes.ts';

export interface OutsideRun {
  readonly job: SandboxJob;
  readonly command: string;
  readonly args: readonly string[];
  /** The folder that is the workspace inside. */
  readonly work: string;
  /** Ends everything inside, by its name: ending the program outside is not enough for a daemon's container. */
  readonly kill: () => Promise<void>;
  readonly nowMs: () => number;
  readonly heldBy: Readonly<Record<string, string>>;
  /** What everything of it is put into, where the runtime does not do that by itself. */
  readonly group?: ControlGroup;
  /** What the group that holds it has counted, where that can be told. */
  readonly count: () => Promise<GroupCounts | undefined>;
  /** Settles when the program begins: its time begins then. Rejects with a `Fault`: nothing ran. */
  readonly begun: Promise<void>;
  /** How long that may take, milliseconds: more than it takes on a machine that is full. */
  readonly standMs: number;
  /** How far it came, by what the runtime told: asked when nothing of it runs any more. */
  readonly cameTo: () => 'nothing' | 'program' | 'end';
  /** Files that are there only to be noticed, where it has some. */
  readonly decoys?: readonly Laid[];
  /** What else was noticed, asked when nothing of it runs any more. */
  readonly noticed?: () => readonly EscapeAttempt[];
  /** Exit codes by which the runtime says that it did not start anything. A program may end with them as well. */
  readonly notStarted: readonly number[];
  /** What the runtime’s complaint about that means, where trying again would not help. */
  readonly explain?: (complaint: string) => string | undefined;
}

const SIGKILL_CODE = 137;
const SIGSYS_CODE = 159;

/** Puts a job's files into the folder of its workspace, for everybody inside. */
export async function layOutWork(work: string, files: readonly WorkFile[]): Promise<void> {
  await chmod(work, 0o777);
  for (const { path, bytes } of files) {
    const file = join(work, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    await chmod(file, 0o666);
  }
}

/** Runs a job by a runtime that is a program of its own, watches it to its end, and takes over what it left. */
export async function runOutside(run: OutsideRun): Promise<SandboxOutcome> {
  const { job, heldBy, nowMs } = run;
  const { profile } = job;
  const askedAtMs = nowMs();
  let stopped: RunEnd | undefined;
  const enter = (run.group?.doors ?? []).map((door) => `echo 0 > '${door}' || exit 126`);
  const script = [...enter, 'exec "$@"'].join('\n');
  const child = spawn('/bin/sh', ['-c', script, 'sh', run.command, ...run.args], {
    env: {},
    // Podman's monitor leaves a file where it was started from when memory ran out: this folder goes with the sandbox.
    cwd: dirname(run.work),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const end = async () => {
    await run.kill();
    child.kill('SIGKILL');
    await run.group?.kill();
  };
  let stopping: Promise<void> | undefined;
  const stop = (why: RunEnd) => {
    if (stopped !== undefined) return;
    stopped = why;
    stopping = end();
  };
  const late = () => stop('time');
  let timer = setTimeout(late, profile.timeMs + run.standMs);
  let unwatched: unknown;
  run.begun.then(
    () => {
      clearTimeout(timer);
      timer = setTimeout(late, profile.timeMs);
    },
    (error: unknown) => {
      if (stopped !== undefined) return; // it was ended on the way, so there was nothing to watch
      unwatched = error;
      stop('cancelled');
    },
  );
  const onAbort = () => stop('cancelled');
  job.signal?.addEventListener('abort', onAbort, { once: true });
  if (job.signal?.aborted) onAbort(); // while its files were laid out
  let left = profile.outputBytes;
  const printed = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) stop('output');
      else printed[name].push(chunk);
    });
  }
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(job.stdin);
  let exitCode: number;
  try {
    exitCode = await ended(child, end);
    await stopping; // what was started to end it has ended as well
  } finally {
    clearTimeout(timer);
    job.signal?.removeEventListener('abort', onAbort);
  }
  if (unwatched !== undefined) throw unwatched;
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8').toWellFormed();
  const noticed = run.noticed?.() ?? [];
  const came = run.cameTo();
  if (stopped === undefined && came === 'nothing' && run.notStarted.includes(exitCode)) {
    const complaint = text(printed.stderr).trim();
    const why = run.explain?.(complaint);
    if (why !== undefined) throw new Fault('E_SANDBOX_UNAVAILABLE', why);
    throw new Fault('E_SANDBOX', `the sandbox did not come up: ${complaint.slice(0, 500)}`);
  }
  const counts = await run.count();
  // A kernel of its own that gets no memory, or no more threads, goes down by what its program did.
  const isOwnDoing = counts !== undefined && (counts.outOfMemory > 0 || counts.refusedProcesses);
  if (stopped === undefined && came === 'program' && !isOwnDoing)
    throw new Fault('E_SANDBOX_LOST', `a sandbox was ended from outside while its program ran (${exitCode})`);
  const changes = await readChanges(run.work, job.files, profile.spaceBytes);
  const ranOut = counts === undefined ? exitCode === SIGKILL_CODE : counts.outOfMemory > 0 && exitCode !== 0;
  const how = stopped ?? (ranOut ? 'memory' : exitCode > 128 ? 'signal' : 'exit');
  return {
    end: how,
    exitCode,
    stdout: text(printed.stdout),
    stderr: text(printed.stderr),
    changes: changes.changes,
    attempts: [...notice(how, exitCode, counts, findTouched(run.decoys ?? [])), ...noticed, ...changes.attempts],
    untilStartMs: 0,
    wallMs: nowMs() - askedAtMs,
    heldBy,
  };
}

/** Its exit code, once what it printed is read. What it left is ended first: it may hold the streams open. */
function ended(child: ChildProcess, end: () => Promise<void>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Fault('E_SANDBOX', 'the sandbox could not be started', { cause })));
    let over: Promise<void> | undefined;
    child.once('exit', () => {
      over = end();
    });
    child.once('close', async (code, signal) => {
      await over;
      resolve(signal === null ? (code ?? 1) : SIGKILL_CODE);
    });
  });
}

/** What shows from outside: limits, decoys, and what a filter of system calls ended. */
function notice(
  end: RunEnd,
  exitCode: number,
  counts: GroupCounts | undefined,
  touched: readonly string[],
): readonly EscapeAttempt[] {
  const attempts: EscapeAttempt[] = [];
  if (exitCode === SIGSYS_CODE)
    attempts.push({
      kind: 'system-call',
      severity: 'high',
      detail: 'it asked the kernel for something no program inside is given',
    });
  for (const path of touched) attempts.push({ kind: 'decoy', severity: 'high', detail: `it opened the decoy ${path}` });
  if (counts?.refusedProcesses)
    attempts.push({
      kind: 'processes',
      severity: 'medium',
      detail: 'it started more processes than its profile gives',
    });
  return [...attempts, ...noticeEnd(end)];
}

function noticeEnd(end: RunEnd): readonly EscapeAttempt[] {
  switch (end) {
    case 'memory':
      return [{ kind: 'memory', severity: 'medium', detail: 'it was ended, as is done where memory runs out' }];
    case 'time':
      return [{ kind: 'time', severity: 'low', detail: 'it did not end in the time its profile gives' }];
    case 'output':
      return [{ kind: 'output', severity: 'medium', detail: 'it printed more than its profile gives' }];
    default:
      return [];
  }
}
