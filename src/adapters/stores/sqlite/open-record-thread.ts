import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '../../../base/errors.ts';
import { Fault } from '../../../base/fault.ts';
import type { RecordReader } from '../../../ports/ledger.ts';

type ReadName = Exclude<keyof RecordReader, 'close'>;

export type RecordAsk = { readonly name: ReadName; readonly args: readonly unknown[] } | 'close';
/** Answers come in the order of the questions. */
export type RecordAnswer =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (fault: Fault) => void;
}

export interface RecordThreadOptions {
  /** The store's file. */
  readonly path: string;
  /** Another program for the thread. */
  readonly program?: URL;
}

// Run from source the file ends in .ts, built it ends in .js; the compiler rewrites imports but not this.
const own = new URL(`./record-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Reads a store's events as `openRecordReader` does, in a thread of its own: to take every digest again is work that calls
 * must not wait for. The thread starts with the first question, and again with the next one should it end by itself; what
 * it was asked then rejects with E_STORE. Whether the record can be opened at all, the first question tells.
 */
export function openRecordThread({ path, program = own }: RecordThreadOptions): RecordReader {
  let thread: Worker | undefined;
  const waiting: Waiting[] = [];
  let closing: Promise<void> | undefined;

  function start(): Worker {
    const started = new Worker(program, { workerData: { path }, execArgv: [] });
    started.unref();
    started.on('message', (answer: RecordAnswer) => {
      const first = waiting.shift();
      if (answer.ok) first?.resolve(answer.answer);
      else first?.reject(new Fault(answer.code, answer.message));
      if (waiting.length === 0) started.unref();
    });
    started.on('error', () => {}); // it ends with `exit` too
    started.on('exit', () => {
      if (thread === started) thread = undefined;
      for (const { reject } of waiting.splice(0))
        reject(new Fault('E_STORE', 'the thread that reads the record ended'));
    });
    return started;
  }

  function ask<Name extends ReadName>(
    name: Name,
    ...args: Parameters<RecordReader[Name]>
  ): ReturnType<RecordReader[Name]> {
    if (closing !== undefined) return Promise.reject(new Fault('E_STORE', 'the record is closed')) as never;
    thread ??= start();
    const asked = thread;
    asked.ref();
    const answer = new Promise<unknown>((resolve, reject) => waiting.push({ resolve, reject }));
    asked.postMessage({ name, args } satisfies RecordAsk);
    return answer as ReturnType<RecordReader[Name]>; // the thread runs the method of that name
  }

  return {
    lastSeq: () => ask('lastSeq'),
    readDigests: (afterSeq, limit) => ask('readDigests', afterSeq, limit),
    findEvent: (id) => ask('findEvent', id),
    close() {
      closing ??= new Promise((resolve) => {
        if (thread === undefined) return resolve();
        thread.ref();
        thread.on('exit', () => resolve());
        thread.postMessage('close' satisfies RecordAsk);
      });
      return closing;
    },
  };
}
