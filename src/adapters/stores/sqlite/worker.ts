import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import { systemClock } from '../../../base/clock.ts';
import { RunKey } from '../run-key.ts';
import { type CommitBatch, createCommitBatch } from './commit-batch.ts';
import { createReader } from './create-reader.ts';
import { openDatabase } from './open-database.ts';
import { explain } from './to-fault.ts';
import { whileBusy } from './while-busy.ts';
import {
  BODY,
  type CommitAnswer,
  type FlatCommit,
  type FromWorker,
  fromWire,
  type Reader,
  type ToWorker,
  type WireCommit,
  type WireFault,
  type WorkerOptions,
} from './wire.ts';
import { createWriteTurns } from './write-turns.ts';

/** Commits in one transaction at most, so that the first of many does not wait for the last, and others get a turn. */
const BATCH_COMMITS = 512;
/** The transaction ends with the commit that reaches this many characters. */
const BATCH_CHARS = 4_194_304;
/** How long to wait for readers of the write-ahead log before it is emptied. */
const RETRY_MS = 100;

assert(parentPort !== null, 'the store’s worker runs in a worker thread');
serve(parentPort, workerData as WorkerOptions); // `startWorker` passes exactly this

/**
 * Serves until closed. Sleeps on the signal instead of the event loop: everything here is synchronous, and a sleeping
 * thread that is woken directly answers sooner. What arrives while a batch is being synced makes up the next batch.
 */
function serve(port: MessagePort, options: WorkerOptions): void {
  const post = (message: FromWorker) => port.postMessage(message);
  try {
    const { path, busyTimeoutMs } = options;
    const { db, instance, live, leave, close } = openDatabase(path, busyTimeoutMs);
    try {
      const turns = createWriteTurns(db, {
        clock: systemClock,
        timeoutMs: busyTimeoutMs,
        hasOthers: () => live().length > 1,
      });
      const commitBatch = createCommitBatch(db, { path, instance, turns });
      const reader = createReader(db, live);
      post({ kind: 'opened', instance });
      const reads: Read[] = [];
      /** Whether something was erased that the write-ahead log may still hold. */
      let hasErased = false;
      let mustClose = false;
      for (;;) {
        const seen = Atomics.load(options.signal, 0);
        const waiting = takeWaiting(port);
        reads.push(...waiting.reads);
        mustClose ||= waiting.close;
        for (const batch of cutIntoBatches(waiting.commits)) {
          const answers = answerAll(batch, commitBatch, path);
          if (batch.some(({ commit }) => erases(commit))) hasErased = !emptyLog(db, busyTimeoutMs);
          post({ kind: 'commits', answers });
        }
        if (hasErased) hasErased = !emptyLog(db, busyTimeoutMs);
        // One read, then what was committed meanwhile: no commit waits for more than one.
        const read = reads.shift();
        if (read !== undefined) post(answerRead(reader, read, options));
        else if (mustClose) break;
        else if (waiting.commits.length === 0) Atomics.wait(options.signal, 0, seen, hasErased ? RETRY_MS : undefined);
      }
      leave();
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

/** A commit with the keys that came with it. */
interface Received {
  readonly commit: WireCommit;
  readonly keys: readonly RunKey[];
}

function* cutIntoBatches(commits: readonly Received[]): Generator<readonly Received[]> {
  let batch: Received[] = [];
  let chars = 0;
  for (const received of commits) {
    batch.push(received);
    for (const change of received.commit) chars += typeof change === 'string' ? change.length : change[BODY].length;
    if (batch.length < BATCH_COMMITS && chars < BATCH_CHARS) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Answers in order. What cannot be sealed is answered by itself: it must take neither the others with it nor the store. */
function answerAll(batch: readonly Received[], commitBatch: CommitBatch, path: string): readonly CommitAnswer[] {
  const read = batch.map(({ commit, keys }): FlatCommit | WireFault => {
    try {
      return fromWire(commit, keys, systemClock);
    } catch (error) {
      return toWireFault(error, path);
    }
  });
  const answers = commitBatch(read.flatMap((one) => ('fault' in one ? [] : [one]))).values();
  return read.map((one) => {
    if ('fault' in one) return one;
    const { value } = answers.next();
    assert(value !== undefined, 'every commit is answered');
    return value;
  });
}

/** Changes travel as their JSON, and this one is short. */
function erases(commit: WireCommit): boolean {
  return commit.some((change) => typeof change === 'string' && change.length < 1_000 && change.includes('"run.erase"'));
}

/** Copies the write-ahead log back and cuts it to nothing, so that it keeps no older copy of a page. False while it is read. */
function emptyLog(db: DatabaseSync, busyTimeoutMs: number): boolean {
  // Whoever reads is not waited for here: commits would wait with it.
  db.exec('PRAGMA busy_timeout = 0');
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
  } finally {
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}

type Read = Extract<ToWorker, { readonly kind: 'read' }>;

/** Everything that has been sent and not been taken. Reads come after all commits, so they see what was sent before them. */
function takeWaiting(port: MessagePort): { commits: Received[]; reads: Read[]; close: boolean } {
  const waiting: ReturnType<typeof takeWaiting> = { commits: [], reads: [], close: false };
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const message = next.message as ToWorker; // only `startWorker` holds the other end
    if (message.kind === 'commits') waiting.commits.push(...receive(message));
    else if (message.kind === 'read') waiting.reads.push(message);
    else waiting.close = true;
  }
  return waiting;
}

function receive({ commits, keys: bytes }: Extract<ToWorker, { readonly kind: 'commits' }>): readonly Received[] {
  const keys = bytes.map((one) => new RunKey(one));
  for (const one of bytes) one.fill(0);
  return commits.map((commit) => ({ commit, keys }));
}

function answerRead(reader: Reader, { name, args }: Read, { path, busyTimeoutMs }: WorkerOptions): FromWorker {
  try {
    const read = reader[name] as (...args: readonly unknown[]) => unknown; // `args` are the parameters of `name`
    return { kind: 'read', answer: whileBusy(systemClock, busyTimeoutMs, () => read(...args)) };
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
