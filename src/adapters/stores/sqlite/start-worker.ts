import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { SealingKey } from '../../../ports/event-seal.ts';
import type { Store } from '../../../ports/store.ts';
import { refusals } from '../refusals.ts';
import { type CommitAlone, createCommitAlone } from './commit-alone.ts';
import { makeFiles } from './open-database.ts';
import { explain } from './to-fault.ts';
import {
  type CommitAnswer,
  type FlatCommit,
  type FromWorker,
  type OpenCommit,
  type ReadName,
  sealCommit,
  type ToWorker,
  toWire,
  type WireCommit,
  type WireFault,
  type WorkerOptions,
} from './wire.ts';

/** Commits of one turn that are worth a message of their own: waking the thread costs less than they do, syncing included. */
const SENT_TOGETHER = 32;

export interface StoreWorker {
  /**
   * Resolves once the commit is durable or refused. Rejects with a `Fault` E_STORE when neither is known. `alone`:
   * nobody else waits for the calling thread, which may do it itself.
   */
  commit(commit: OpenCommit, alone: boolean): Promise<Exclude<CommitAnswer, WireFault>>;
  read<Name extends ReadName>(name: Name, ...args: Parameters<Store[Name]>): ReturnType<Store[Name]>;
  /** Waits for what was handed over, closes the file and ends the thread. May be called again. */
  close(): Promise<void>;
}

/** Somebody waiting for an answer. Answers come in the order of the questions, also to one who no longer waits. */
interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: Fault) => void;
  readonly askedAtMs: number;
  gaveUp: boolean;
}

/**
 * Starts the thread that owns the file, and resolves when the file is open.
 *
 * @throws Fault E_STORE or E_STORE_CORRUPT when it cannot be opened.
 */
export async function startWorker(path: string, timeoutMs: number, clock: Clock): Promise<StoreWorker> {
  makeFiles(path);
  const signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const options: WorkerOptions = { path, busyTimeoutMs: timeoutMs, signal };
  // Run from source the file ends in .ts, built it ends in .js; the compiler rewrites imports but not this.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData: options, execArgv: [] });

  const commits: Waiting<Exclude<CommitAnswer, WireFault>>[] = [];
  const reads: Waiting<unknown>[] = [];
  let unsent: WireCommit[] = [];
  let unsentKeys = new Map<SealingKey, number>();
  let isSendScheduled = false;
  /** Why nothing can be asked any more; undefined while all is well. */
  let end: Fault | undefined;
  let closing: Promise<void> | undefined;
  let watch: NodeJS.Timeout | undefined;

  const opened = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<void>();

  function send(message: ToWorker): void {
    worker.postMessage(message);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  }

  function sendCommits(): void {
    isSendScheduled = false;
    if (unsent.length === 0 || end !== undefined) return;
    const batch = unsent;
    const keys = [...unsentKeys.keys()].map((key) => key.copyBytes());
    unsent = [];
    unsentKeys = new Map();
    send({ kind: 'commits', commits: batch, keys });
    for (const key of keys) key.fill(0);
  }

  function fail(fault: Fault): void {
    end ??= fault;
    opened.reject(end);
    for (const waiting of [...commits.splice(0), ...reads.splice(0)]) if (!waiting.gaveUp) waiting.reject(end);
    unsent = [];
    settle();
  }

  /** Lets the process end, and the watch rest, when nobody waits for the thread. */
  function settle(): void {
    if (commits.length > 0 || reads.length > 0) return;
    clearTimeout(watch);
    watch = undefined;
    if (closing === undefined) worker.unref();
  }

  function giveUpLate(): void {
    const nowMs = clock.monotonicMs();
    for (const queue of [commits, reads]) {
      for (const waiting of queue) {
        if (nowMs - waiting.askedAtMs < timeoutMs) break;
        if (waiting.gaveUp) continue;
        waiting.gaveUp = true;
        waiting.reject(new Fault('E_STORE', `the store did not answer within ${timeoutMs} ms`));
      }
    }
    watch = undefined;
    keepWatch();
  }

  function keepWatch(): void {
    watch ??= setTimeout(giveUpLate, Math.max(1, timeoutMs / 4));
  }

  function ask<Answer>(queue: Waiting<Answer>[]): Promise<Answer> {
    if (commits.length === 0 && reads.length === 0) worker.ref();
    keepWatch();
    return new Promise((resolve, reject) => {
      queue.push({ resolve, reject, askedAtMs: clock.monotonicMs(), gaveUp: false });
    });
  }

  worker.on('message', (message: FromWorker) => {
    switch (message.kind) {
      case 'opened':
        opened.resolve(message.instance);
        return;
      case 'commits':
        for (const [i, waiting] of commits.splice(0, message.answers.length).entries()) {
          const answer = message.answers[i];
          if (waiting.gaveUp || answer === undefined) continue;
          if ('fault' in answer) waiting.reject(toError(answer));
          else waiting.resolve(answer);
        }
        break;
      case 'read':
        reads.shift()?.resolve(message.answer);
        break;
      case 'unread':
        reads.shift()?.reject(toError(message.fault));
        break;
      case 'failed':
        fail(toError(message.fault));
        return;
      case 'closed':
        end ??= closedFault();
        return;
    }
    settle();
  });
  worker.on('error', (error) => fail(new Fault('E_STORE', 'the store’s thread crashed', { cause: error })));
  worker.on('exit', (code) => {
    fail(new Fault('E_STORE', `the store’s thread ended by itself (code ${code})`));
    ended.resolve();
  });

  const here = openHere(await opened.promise);

  function openHere(instance: number): CommitAlone {
    try {
      return createCommitAlone(path, instance, clock);
    } catch (error) {
      send({ kind: 'close' });
      throw error;
    }
  }

  function sealHere(commit: OpenCommit): FlatCommit {
    try {
      return sealCommit(commit, clock);
    } catch (error) {
      throw explain(error, path); // nothing of it was written, and nobody else has to do with it
    }
  }

  function commitHere(commit: FlatCommit): CommitAnswer | undefined {
    try {
      return here.commit(commit);
    } catch (error) {
      fail(explain(error, path));
      send({ kind: 'close' });
      throw end;
    }
  }

  const link: StoreWorker = {
    async commit(commit, alone) {
      if (end !== undefined) throw end;
      if (closing !== undefined) throw closedFault();
      if (alone && commits.length === 0) {
        const answer = commitHere(sealHere(commit));
        if (answer !== undefined && 'fault' in answer) throw toError(answer);
        if (answer !== undefined) return answer;
      }
      if (commits.length >= limits.commitsWaiting) return refusals.tooManyWaiting();
      // An idle thread gets it at once. A busy one would only queue it: then this turn's go together, or as many as keep
      // it busy while this thread goes on with the others.
      if (!isSendScheduled) {
        isSendScheduled = true;
        if (commits.length === 0) queueMicrotask(sendCommits);
        else setImmediate(sendCommits);
      }
      unsent.push(toWire(commit, unsentKeys));
      if (unsent.length >= SENT_TOGETHER) sendCommits();
      return ask(commits);
    },
    read(name, ...args) {
      if (end !== undefined) return Promise.reject(end) as ReturnType<Store[typeof name]>;
      if (closing !== undefined) return Promise.reject(closedFault()) as ReturnType<Store[typeof name]>;
      sendCommits();
      send({ kind: 'read', name, args });
      return ask(reads) as ReturnType<Store[typeof name]>; // the worker runs the method of that name
    },
    close() {
      closing ??= (async () => {
        sendCommits();
        worker.ref();
        here.close();
        if (end === undefined) send({ kind: 'close' });
        const stuck = setTimeout(() => worker.terminate(), timeoutMs);
        await ended.promise;
        clearTimeout(stuck);
      })();
      return closing;
    },
  };

  worker.unref();
  return link;
}

function closedFault(): Fault {
  return new Fault('E_STORE', 'the store is closed');
}

function toError({ fault, message }: WireFault): Fault {
  return new Fault(fault, message);
}
