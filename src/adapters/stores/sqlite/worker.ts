import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import { createCommitBatch } from './commit-batch.ts';
import { createReader } from './create-reader.ts';
import { openDatabase } from './open-database.ts';
import { explain } from './to-fault.ts';
import type { FromWorker, Reader, ToWorker, WireCommit, WireFault, WorkerOptions } from './wire.ts';

/** Commits in one transaction at most, so that the first of many does not wait for the last. */
const BATCH_COMMITS = 512;

assert(parentPort !== null, 'the store’s worker runs in a worker thread');
serve(parentPort, workerData as WorkerOptions); // `startWorker` passes exactly this

/**
 * Serves until closed. Sleeps on the signal instead of the event loop: everything here is synchronous, and a sleeping
 * thread that is woken directly answers sooner. What arrives while a batch is being synced makes up the next batch.
 */
function serve(port: MessagePort, options: WorkerOptions): void {
  const post = (message: FromWorker) => port.postMessage(message);
  try {
    const { db, instance, live, close } = openDatabase(options.path, options.busyTimeoutMs);
    try {
      const commitBatch = createCommitBatch(db, options.path, instance);
      const reader = createReader(db, live);
      post({ kind: 'opened' });
      for (let isOpen = true; isOpen; ) {
        const seen = Atomics.load(options.signal, 0);
        const { commits, reads, close: mustClose } = takeWaiting(port);
        for (let from = 0; from < commits.length; from += BATCH_COMMITS) {
          post({ kind: 'commits', answers: commitBatch(commits.slice(from, from + BATCH_COMMITS)) });
        }
        for (const read of reads) post(answerRead(reader, read, options.path));
        if (mustClose) isOpen = false;
        else if (commits.length === 0 && reads.length === 0) Atomics.wait(options.signal, 0, seen);
      }
    } finally {
      close();
    }
    post({ kind: 'closed' });
  } catch (error) {
    post({ kind: 'failed', fault: toWireFault(error, options.path) });
  } finally {
    port.close();
  }
}

type Read = Extract<ToWorker, { readonly kind: 'read' }>;

/** Everything that has been sent and not been taken. Reads come after all commits, so they see what was sent before them. */
function takeWaiting(port: MessagePort): { commits: WireCommit[]; reads: Read[]; close: boolean } {
  const waiting: ReturnType<typeof takeWaiting> = { commits: [], reads: [], close: false };
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const message = next.message as ToWorker; // only `startWorker` holds the other end
    if (message.kind === 'commits') waiting.commits.push(...message.commits);
    else if (message.kind === 'read') waiting.reads.push(message);
    else waiting.close = true;
  }
  return waiting;
}

function answerRead(reader: Reader, { name, args }: Read, path: string): FromWorker {
  try {
    const read = reader[name] as (...args: readonly unknown[]) => unknown; // `args` are the parameters of `name`
    return { kind: 'read', answer: read(...args) };
  } catch (error) {
    return {
      kind: 'unread',
      fault: toWireFault(error, path),
    };
  }
}

function toWireFault(error: unknown, path: string): WireFault {
  const { code, message } = explain(error, path);
  return { fault: code, message };
}
