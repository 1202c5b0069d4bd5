import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { ToolResult } from '../../../model/result.ts';
import type { Scanner } from '../../../ports/scanner.ts';
import { type LeavingFinding, type LeavingRules, scanArguments } from '../../../scan/scan-arguments.ts';
import { type DocumentScan, type IncomingDocument, scanDocument } from '../../../scan/scan-document.ts';
import { type ScannedResult, scanResult } from '../../../scan/scan-result.ts';
import type { SourceRule } from '../../../scan/source-rule.ts';
import type { Job, ResultAnswer } from './job.ts';
import { ScanThread } from './scan-thread.ts';

export interface ThreadScannerOptions {
  /** How many threads at most; `limits.scanThreads` unless told. */
  readonly threads?: number;
  readonly timeoutMs?: number;
  readonly inlineChars?: number;
  readonly scansWaiting?: number;
  /** The thread's program; the real one unless told. */
  readonly file?: URL;
}

/**
 * Scans what is small at once, and what is large in threads, which are started when they are first needed. A thread that
 * is too slow or dies takes its one scan with it, and another is started for the next.
 */
export function createThreadScanner(options: ThreadScannerOptions = {}): Scanner {
  const inlineChars = options.inlineChars ?? limits.scanInlineChars;
  const pool = new ThreadPool(options);
  return {
    async scanResult(came: ToolResult, rule: SourceRule, chars: number): Promise<ScannedResult> {
      if (chars <= inlineChars) return scanResult(came, rule);
      const json = JSON.stringify(came);
      // What `runJob` wrote.
      const answer = JSON.parse(await pool.run({ kind: 'result', json, rule }, json.length)) as ResultAnswer;
      return { ...answer, result: answer.result ?? came };
    },
    async scanDocument(document: IncomingDocument): Promise<DocumentScan> {
      if (document.text.length <= inlineChars) return scanDocument(document);
      return JSON.parse(await pool.run({ kind: 'document', document }, document.text.length)) as DocumentScan;
    },
    async scanArguments(args: JsonObject, rules: LeavingRules, chars: number): Promise<readonly LeavingFinding[]> {
      if (chars <= inlineChars) return scanArguments(args, rules);
      const json = JSON.stringify(args);
      return JSON.parse(await pool.run({ kind: 'arguments', json, rules }, json.length)) as readonly LeavingFinding[];
    },
    close: async () => pool.close(),
  };
}

interface Waiting {
  readonly job: Job;
  readonly chars: number;
  resolve(answer: string): void;
  reject(error: unknown): void;
}

class ThreadPool {
  readonly #file: URL;
  readonly #most: number;
  readonly #timeoutMs: number;
  readonly #scansWaiting: number;
  readonly #idle: ScanThread[] = [];
  readonly #busy = new Set<ScanThread>();
  readonly #queue: Waiting[] = [];
  #charsWaiting = 0;
  #closed = false;

  constructor(options: ThreadScannerOptions) {
    // Run from source the file ends in .ts, built it ends in .js; the compiler rewrites imports but not this.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#file = options.file ?? new URL(`./worker.${extension}`, import.meta.url);
    this.#most = options.threads ?? limits.scanThreads;
    this.#timeoutMs = options.timeoutMs ?? limits.scanTimeoutMs;
    this.#scansWaiting = options.scansWaiting ?? limits.scansWaiting;
  }

  run(job: Job, chars: number): Promise<string> {
    if (this.#closed) return Promise.reject(new Fault('E_SCAN', 'the scanner is closed'));
    if (this.#queue.length >= this.#scansWaiting || this.#charsWaiting + chars > limits.scanCharsWaiting)
      return Promise.reject(new Fault('E_SCAN', `${this.#queue.length} scans are waiting already`));
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, chars, resolve, reject });
      this.#charsWaiting += chars;
      this.#next();
    });
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new Fault('E_SCAN', 'the scanner was closed'));
    for (const thread of [...this.#idle.splice(0), ...this.#busy]) thread.end('the scanner was closed');
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const thread = this.#takeThread();
    const waiting = thread && this.#queue.shift();
    if (thread === undefined || waiting === undefined) return;
    this.#charsWaiting -= waiting.chars;
    this.#busy.add(thread);
    const done = () => {
      this.#busy.delete(thread);
      if (thread.isUsable && !this.#closed) this.#idle.push(thread);
      this.#next();
    };
    thread.run(waiting.job).then(waiting.resolve, waiting.reject).finally(done);
  }

  #takeThread(): ScanThread | undefined {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop())
      if (thread.isUsable) return thread;
    return this.#busy.size < this.#most ? new ScanThread(this.#file, this.#timeoutMs) : undefined;
  }
}
