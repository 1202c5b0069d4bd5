import { Worker } from 'node:worker_threads';
import { Fault } from '../../../base/fault.ts';
import type { Job } from './job.ts';
import type { FromThread } from './worker.ts';

/** Heap of one thread: many times what the largest result takes. A scan that needs more ends its thread, nothing else. */
const HEAP_MB = 512;

interface Waiting {
  resolve(answer: string): void;
  reject(fault: Fault): void;
}

/** One thread, and the one job it has. Ended for good by a time-out, a crash or `end`. */
export class ScanThread {
  readonly #worker: Worker;
  readonly #timeoutMs: number;
  #waiting: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param file of the thread's program */
  constructor(file: URL, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#worker = new Worker(file, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
    this.#worker.unref();
    this.#worker.on('message', (said: FromThread) => this.#settle(said));
    this.#worker.on('error', () => this.end('the scanning thread died'));
    this.#worker.on('exit', () => this.end('the scanning thread ended'));
  }

  get isUsable(): boolean {
    return !this.#ended;
  }

  /** Takes a job while it has none. Rejects with a `Fault` E_SCAN. */
  run(job: Job): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Fault('E_SCAN', 'the scanning thread has ended'));
        return;
      }
      this.#waiting = { resolve, reject };
      this.#worker.ref();
      this.#timer = setTimeout(() => this.end(`a scan took longer than ${this.#timeoutMs} ms`), this.#timeoutMs);
      this.#worker.postMessage(job);
    });
  }

  /** Ends the thread; the job it had rejects. */
  end(why: string): void {
    if (!this.#ended) void this.#worker.terminate().catch(() => {}); // it has ended, or is about to
    this.#ended = true;
    this.#release()?.reject(new Fault('E_SCAN', why));
  }

  #settle(said: FromThread): void {
    const waiting = this.#release();
    if ('answer' in said) waiting?.resolve(said.answer);
    else waiting?.reject(new Fault('E_SCAN', `the scan failed: ${said.failed}`));
  }

  #release(): Waiting | undefined {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#worker.unref();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
