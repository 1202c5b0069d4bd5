import type { JsonValue } from '../../../base/json.ts';
import type { WasiEnding, WasiRun } from '../wasi/run-wasi.ts';
import { giveAnswer } from '../wasi/shared-answer.ts';
import type { FromWorker, Snippet, SnippetResult, SnippetThread } from './snippet.ts';

export interface SnippetPoolOptions {
  readonly start: () => SnippetThread;
  /** Threads that are kept ready, each with a machine that has run nothing yet. */
  readonly ready: number;
}

export interface SnippetJob {
  readonly snippet: Snippet;
  readonly memoryBytes: number;
  readonly timeMs: number;
  readonly onCall: (name: string, argument: JsonValue) => Promise<JsonValue>;
  readonly signal?: AbortSignal;
  /** Called when the code is handed over. */
  readonly onStart?: () => void;
}

export interface WasiJob extends Pick<SnippetJob, 'timeMs' | 'onCall' | 'signal'> {
  readonly run: WasiRun;
}

export interface WasiResult {
  readonly came: WasiEnding | 'time' | 'cancelled' | 'memory';
  /** Tools it was not given that it wanted, or that its thread asked for. */
  readonly strangeCalls: number;
}

interface Ready {
  readonly thread: SnippetThread;
  readonly memoryBytes: number;
  readonly prepared: Promise<void>;
}

const FAILED = 'the call failed';

/**
 * Runs snippets in threads, each in a machine of its own. Works wherever there are workers: it knows neither Node nor a
 * browser. A thread whose snippet did not end by itself is never used again.
 */
export class SnippetPool {
  readonly #options: SnippetPoolOptions;
  readonly #ready: Ready[] = [];
  readonly #busy = new Set<SnippetThread>();
  #closed = false;

  constructor(options: SnippetPoolOptions) {
    this.#options = options;
  }

  /** Has threads ready for this much memory. */
  async warm(memoryBytes: number): Promise<void> {
    while (this.#ready.length < this.#options.ready) this.#ready.push(prepare(this.#options.start(), memoryBytes));
    await Promise.all(this.#ready.map(({ prepared }) => prepared));
  }

  async run(job: SnippetJob): Promise<SnippetResult> {
    const { thread, prepared } = this.#take(job.memoryBytes);
    this.#busy.add(thread);
    let reusable = false;
    try {
      await prepared;
      const result = await runOn(thread, job);
      reusable = result.end === 'exit' && !this.#closed && this.#ready.length < this.#options.ready;
      return result;
    } finally {
      this.#busy.delete(thread);
      if (reusable) this.#ready.push(prepare(thread, job.memoryBytes));
      else await thread.terminate();
    }
  }

  /** Runs a WASI program in a thread that is used for it alone. Rejects with an `Error` for what cannot be run. */
  async runWasi({ run, timeMs, onCall, signal }: WasiJob): Promise<WasiResult> {
    const { thread, prepared } = this.#take(run.memoryBytes);
    this.#busy.add(thread);
    const { promise, resolve, reject } = Promise.withResolvers<WasiResult['came']>();
    const timer = setTimeout(() => resolve('time'), timeMs);
    const onAbort = () => resolve('cancelled');
    signal?.addEventListener('abort', onAbort, { once: true });
    const allowed = new Set(run.functions);
    let strangeCalls = 0;
    const answer = async ({ name, json, room }: FromWorker & { readonly kind: 'wasi-call' }) => {
      if (!allowed.has(name)) {
        strangeCalls++;
        return giveAnswer(room, FAILED, true);
      }
      try {
        giveAnswer(room, JSON.stringify(await onCall(name, JSON.parse(json) as JsonValue)), false);
      } catch (error) {
        giveAnswer(room, error instanceof Error ? error.message : FAILED, true);
      }
    };
    try {
      await prepared;
      if (signal?.aborted) return { came: 'cancelled', strangeCalls };
      thread.onEnd(() => resolve('memory'));
      thread.onMessage((message) => {
        if (message.kind === 'wasi-call') void answer(message);
        if (message.kind === 'wasi-ended') resolve(message.ending);
        if (message.kind === 'wasi-refused') reject(new Error(message.message));
      });
      thread.post({ kind: 'run-wasi', run });
      const came = await promise;
      return { came, strangeCalls: strangeCalls + (typeof came === 'string' ? 0 : came.strangeCalls) };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#busy.delete(thread);
      await thread.terminate();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#ready.splice(0).map(({ thread }) => thread), ...this.#busy];
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  /** One that is ready for exactly this much memory, or a new one. */
  #take(memoryBytes: number): Ready {
    const index = this.#ready.findIndex((one) => one.memoryBytes === memoryBytes);
    const [found] = index < 0 ? [] : this.#ready.splice(index, 1);
    return found ?? prepare(this.#options.start(), memoryBytes);
  }
}

function prepare(thread: SnippetThread, memoryBytes: number): Ready {
  const prepared = new Promise<void>((resolve, reject) => {
    thread.onMessage((message) => {
      if (message.kind === 'ready') resolve();
    });
    thread.onEnd(() => reject(new Error('a thread for snippets ended before it was ready')));
  });
  prepared.catch(() => {}); // whoever takes it is told
  thread.post({ kind: 'prepare', memoryBytes });
  return { thread, memoryBytes, prepared };
}

function runOn(thread: SnippetThread, job: SnippetJob): Promise<SnippetResult> {
  const allowed = new Set(job.snippet.functions);
  let strangeCalls = 0;
  return new Promise((resolve) => {
    const stop = (end: 'time' | 'cancelled' | 'memory') =>
      done({ end, exitCode: 1, stdout: '', stderr: '', files: job.snippet.files, strangeCalls });
    const timer = setTimeout(() => stop('time'), job.timeMs);
    const onAbort = () => stop('cancelled');
    job.signal?.addEventListener('abort', onAbort, { once: true });
    let over = false;
    const done = (result: SnippetResult) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      job.signal?.removeEventListener('abort', onAbort);
      // Ended before anybody is told: what was stopped runs no further while its answer is read.
      if (result.end === 'exit') resolve(result);
      else void thread.terminate().then(() => resolve(result));
    };
    const answer = async (message: FromWorker & { readonly kind: 'call' }) => {
      if (!allowed.has(message.name)) {
        strangeCalls++;
        return thread.post({ kind: 'failure', id: message.id, message: FAILED });
      }
      try {
        const came = await job.onCall(message.name, JSON.parse(message.json) as JsonValue);
        thread.post({ kind: 'answer', id: message.id, json: JSON.stringify(came) });
      } catch (error) {
        thread.post({ kind: 'failure', id: message.id, message: error instanceof Error ? error.message : FAILED });
      }
    };
    thread.onEnd(() => stop('memory'));
    thread.onMessage((message) => {
      if (over) return;
      if (message.kind === 'call') void answer(message);
      if (message.kind !== 'ended') return;
      const { value, ...ending } = message.ending;
      done({ ...ending, strangeCalls, ...(value === undefined ? {} : { value: JSON.parse(value) as JsonValue }) });
    });
    if (job.signal?.aborted) return onAbort();
    thread.post({ kind: 'run', snippet: job.snippet });
    job.onStart?.();
  });
}
