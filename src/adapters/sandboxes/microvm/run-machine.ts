import type { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import { Fault } from '../../../base/fault.ts';
import type { SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import { DECOYS } from '../process/decoys.ts';
import { readEnding, type Seen } from '../process/finish-cell.ts';
import { countInText } from '../process/network-counters.ts';
import { MOST_DEPTH, WorkComparison } from '../process/read-changes.ts';
import type { RunningMachine } from './start-machine.ts';

/** A file for the machine, by its path below the folder of the job. */
export interface JobFile {
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** Whether the program may change it. */
  readonly isWork?: boolean;
}

export interface MachineRun {
  /** Of it only what it takes to talk to it and to end it. */
  readonly machine: Pick<RunningMachine, 'at' | 'ended'> & { readonly child: Pick<RunningMachine['child'], 'kill'> };
  readonly job: SandboxJob;
  readonly files: readonly JobFile[];
  readonly nowMs: () => number;
  readonly askedAtMs: number;
  readonly heldBy: Readonly<Record<string, string>>;
  /** Leads what comes from the machine’s relay to the door, for as long as the machine is there. */
  readonly openDoor?: (port: ReturnType<RunningMachine['at']>, onBegin: () => void) => void;
}

/** How long an emulated machine may take from its job to its program: the relay, where there is one, is one of Node. */
export const BEGIN_MS = 60_000;
const SIGKILL_CODE = 137;
const FACT_BYTES = 65_536;
/** What an archive needs beside the files in it: headers, and files without anything in them. */
const ARCHIVE_SPARE = 16_777_216;

/**
 * Gives a machine its job, watches it to its end, and takes over what it left. What a machine says is bytes of a stranger:
 * bounded, and never more than what its walls say of it. Nothing of the machine runs when this settles.
 */
export async function runMachine(run: MachineRun): Promise<SandboxOutcome> {
  const { machine, job, nowMs } = run;
  const { profile } = job;
  const { child, at } = machine;
  let stopped: Seen['stopped'];
  const stop = (why: Seen['stopped']) => {
    stopped ??= why;
    child.kill('SIGKILL');
  };
  const onAbort = () => stop('cancelled');
  const late = () => stop('time');
  // What stands before the program has a time of its own to come up in: the program does not pay for that.
  let timer = setTimeout(late, profile.timeMs + BEGIN_MS);
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    clearTimeout(timer);
    timer = setTimeout(late, profile.timeMs);
  };
  job.signal?.addEventListener('abort', onAbort, { once: true });
  const output = { left: profile.outputBytes, stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const name of ['stdout', 'stderr'] as const) {
    at(name).on('data', (chunk: Buffer) => {
      output.left -= chunk.length;
      if (output.left >= 0) output[name].push(chunk);
      else stop('output');
    });
  }
  const startedAtMs = nowMs();
  const left = new Left(job, () => stop('output'));
  try {
    if (job.signal?.aborted) stop('cancelled');
    if (run.openDoor === undefined) at('control').once('data', begin);
    run.openDoor?.(at('door'), begin);
    sendJob(at('job'), run.files);
    at('stdin').end(job.stdin);
    await Promise.race([left.read(at('left')), machine.ended]);
  } finally {
    clearTimeout(timer);
    job.signal?.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
    await machine.ended;
  }
  if (stopped === undefined && !left.isWhole)
    throw new Fault('E_SANDBOX_LOST', 'a machine was ended, or broke, while its program ran');
  const { changes, attempts } = left.comparison.finish();
  const ending = readEnding(seenOf(left.facts, stopped));
  const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8').toWellFormed();
  return {
    ...ending,
    stdout: text(output.stdout),
    stderr: text(output.stderr),
    // Where it was ended half-way nothing was handed back, which does not mean that anything was removed.
    changes: stopped === undefined ? changes : [],
    attempts: [...ending.attempts, ...attempts],
    untilStartMs: startedAtMs - run.askedAtMs,
    wallMs: nowMs() - run.askedAtMs,
    heldBy: run.heldBy,
  };
}

function sendJob(port: NodeJS.WritableStream, files: readonly JobFile[]): void {
  const archive = pack();
  const folders = new Set<string>();
  for (const { path, bytes, isWork = false } of files) {
    const steps = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= steps.length; depth++) {
      const folder = steps.slice(0, depth).join('/');
      if (depth === 1 || folders.has(folder)) continue; // the first is there
      folders.add(folder);
      archive.entry({ name: folder, type: 'directory', mode: isWork ? 0o777 : 0o755 });
    }
    archive.entry({ name: path, mode: isWork ? 0o666 : 0o644 }, Buffer.from(bytes as Uint8Array));
  }
  archive.finalize();
  archive.pipe(port);
}

/** What a machine hands back: facts of its kernel’s, and the files in its workspace. */
class Left {
  readonly comparison: WorkComparison;
  readonly facts = new Map<string, string>();
  isWhole = false;
  readonly #full: () => void;
  #room: number;

  constructor(job: SandboxJob, full: () => void) {
    this.comparison = new WorkComparison(job.files, job.profile.spaceBytes);
    this.#room = job.profile.spaceBytes + ARCHIVE_SPARE;
    this.#full = full;
  }

  async read(port: Readable): Promise<void> {
    const archive = extract();
    archive.on('error', () => {}); // it is told below
    port.on('data', (chunk: Buffer) => {
      this.#room -= chunk.length;
      if (this.#room < 0) this.#full();
    });
    port.pipe(archive);
    try {
      for await (const entry of archive) {
        const { name, type = 'file' } = entry.header;
        const chunks: Uint8Array[] = [];
        for await (const chunk of entry) chunks.push(chunk as Uint8Array);
        this.#take(name, type ?? 'file', Buffer.concat(chunks));
      }
      this.isWhole = this.facts.has('code');
    } catch {
      // not an archive, or not all of one: `isWhole` stays false
    }
  }

  #take(name: string, type: string, bytes: Uint8Array): void {
    const [top, ...steps] = name.split('/').filter((step) => step !== '.' && step !== '');
    if (top === 'facts') {
      const fact = steps.join('/');
      if (type === 'file' && bytes.length <= FACT_BYTES) this.facts.set(fact, Buffer.from(bytes).toString('latin1'));
      return;
    }
    if (top !== 'work' || steps.length === 0) return;
    const isLink = type === 'symlink' || type === 'link';
    if (!this.comparison.count(isLink) || type !== 'file') return;
    if (steps.length > MOST_DEPTH || steps.some((step) => step === '..' || step.includes('\0'))) return;
    if (bytes.length <= this.comparison.left) this.comparison.take(steps.join('/'), bytes);
  }
}

function seenOf(facts: ReadonlyMap<string, string>, stopped: Seen['stopped']): Seen {
  const fact = (name: string) => facts.get(name) ?? '';
  const decoys = Object.keys(DECOYS);
  const count = (text: string, key: string) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    report: fact('report'),
    exitCode: stopped === undefined ? Number.parseInt(fact('code'), 10) || 0 : SIGKILL_CODE,
    touched: fact('decoys')
      .split('\n')
      .flatMap((line) => decoys[Number(line || Number.NaN)] ?? []),
    networkAttempts: countInText(fact('snmp')),
    counts: {
      outOfMemory: count(fact('memory'), 'oom_kill'),
      refusedProcesses: count(fact('processes'), 'max') > 0,
    },
    stopped,
  };
}
