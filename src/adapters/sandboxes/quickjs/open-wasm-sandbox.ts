import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import type {
  EscapeAttempt,
  FileChange,
  Program,
  Sandbox,
  SandboxJob,
  SandboxOutcome,
  WorkFile,
} from '../../../ports/sandbox.ts';
import type { FromWorker, SnippetThread } from './snippet.ts';
import { SnippetPool } from './snippet-pool.ts';

export interface WasmSandboxOptions {
  readonly clock: Clock;
  /** Threads that are kept ready. */
  readonly ready: number;
}

const encoder = new TextEncoder();
const lenient = new TextDecoder();
const HELD_BY = { memory: 'wasm', time: 'timer', output: 'machine', space: 'wasm', network: 'nothing to call' };
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Code inside WebAssembly, JavaScript by an engine of its own, in a thread that is ended when its time is over. */
export class WasmSandbox implements Sandbox {
  readonly tier = 'wasm';
  readonly #clock: Clock;
  readonly #pool: SnippetPool;

  constructor({ clock, ready }: WasmSandboxOptions) {
    this.#clock = clock;
    this.#pool = new SnippetPool({ start: startThread, ready });
  }

  async check(): Promise<void> {}

  /** Has threads ready for sandboxes of this much memory. */
  warm(memoryBytes: number): Promise<void> {
    return this.#pool.warm(memoryBytes);
  }

  async run(job: SandboxJob): Promise<SandboxOutcome> {
    const { profile, program, files } = job;
    if (program.kind === 'wasi') return this.#runWasi(job, program);
    if (program.kind !== 'code' || program.language !== 'js') {
      throw new Fault('E_SANDBOX_UNAVAILABLE', 'tier `wasm` runs JavaScript and WASI modules; use tier `process`');
    }
    const startedMs = this.#clock.monotonicMs();
    let handedOverMs = startedMs;
    const before = Object.fromEntries(files.map(({ path, bytes }) => [path, readText(path, bytes)]));
    const result = await this.#pool
      .run({
        snippet: {
          source: program.source,
          functions: job.functions ?? [],
          outputBytes: profile.outputBytes,
          files: before,
        },
        memoryBytes: profile.memoryBytes,
        timeMs: profile.timeMs,
        onStart: () => {
          handedOverMs = this.#clock.monotonicMs();
        },
        onCall: job.onCall ?? callNothing,
        ...(job.signal === undefined ? {} : { signal: job.signal }),
      })
      .catch((cause: unknown) => {
        throw new Fault('E_SANDBOX', 'a thread for snippets could not be started', { cause });
      });
    const { files: after, strangeCalls, ...ending } = result;
    return {
      ...ending,
      changes: compareFiles(toBytes(before), toBytes(after)),
      attempts: noticeAttempts(result.end, strangeCalls),
      untilStartMs: handedOverMs - startedMs,
      wallMs: this.#clock.monotonicMs() - startedMs,
      heldBy: HELD_BY,
    };
  }

  async #runWasi(job: SandboxJob, program: Program & { readonly kind: 'wasi' }): Promise<SandboxOutcome> {
    const { profile, files, stdin = new Uint8Array() } = job;
    const startedMs = this.#clock.monotonicMs();
    const { memoryBytes, outputBytes, spaceBytes } = profile;
    const { functions = [], onCall = callNothing, signal } = job;
    const run = { ...program, stdin, files, memoryBytes, outputBytes, spaceBytes, functions };
    const wasi = { run, timeMs: profile.timeMs, onCall, ...(signal === undefined ? {} : { signal }) };
    const { came, strangeCalls } = await this.#pool.runWasi(wasi).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : 'no reason given';
      throw new Fault('E_SANDBOX_LIMIT', `the module was not run: ${why}`, { cause });
    });
    const ending =
      typeof came === 'string'
        ? { end: came, exitCode: 1, stdout: new Uint8Array(), stderr: new Uint8Array(), files }
        : came;
    return {
      end: ending.end,
      exitCode: ending.exitCode,
      stdout: lenient.decode(ending.stdout),
      stderr: lenient.decode(ending.stderr),
      changes: compareFiles(files, ending.files),
      attempts: noticeAttempts(ending.end, strangeCalls),
      untilStartMs: 0,
      wallMs: this.#clock.monotonicMs() - startedMs,
      heldBy: HELD_BY,
    };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function callNothing(): Promise<never> {
  return Promise.reject(new Error('there is nothing to call'));
}

function noticeAttempts(end: string, strangeCalls: number): readonly EscapeAttempt[] {
  const attempts: EscapeAttempt[] = [];
  if (strangeCalls > 0)
    attempts.push({
      kind: 'function',
      severity: 'high',
      detail: `it asked ${strangeCalls} times for a function it was not given`,
    });
  if (end === 'memory')
    attempts.push({ kind: 'memory', severity: 'medium', detail: 'it asked for more memory than its profile gives' });
  if (end === 'time')
    attempts.push({ kind: 'time', severity: 'low', detail: 'it did not end in the time its profile gives' });
  if (end === 'output')
    attempts.push({ kind: 'output', severity: 'medium', detail: 'it printed more than its profile gives' });
  return attempts;
}

function toBytes(texts: Readonly<Record<string, string>>): readonly WorkFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, bytes: encoder.encode(text) }));
}

function compareFiles(before: readonly WorkFile[], after: readonly WorkFile[]): FileChange[] {
  const was = new Map(before.map(({ path, bytes }) => [path, bytes]));
  const changes: FileChange[] = [];
  for (const { path, bytes } of after) {
    const old = was.get(path);
    was.delete(path);
    if (old === undefined) changes.push({ path, change: 'added', bytes });
    else if (Buffer.compare(old, bytes) !== 0) changes.push({ path, change: 'changed', bytes });
  }
  for (const path of was.keys()) changes.push({ path, change: 'removed' });
  return changes;
}

function readText(path: string, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault('E_SANDBOX_LIMIT', `tier \`wasm\` takes texts alone, and ${path.slice(0, 80)} is none`);
  }
}

/** A thread without anything of the gateway's: no environment, no arguments, no standard streams. */
function startThread(): SnippetThread {
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url), {
    env: {},
    argv: [],
    stdin: true,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  worker.on('error', () => {}); // it shows in that it ends
  worker.unref();
  let take: (message: FromWorker) => void = () => {};
  let end = () => {};
  worker.on('message', (message: FromWorker) => take(message));
  worker.on('exit', () => end());
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      take = listener;
    },
    onEnd: (listener) => {
      end = listener;
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}
