import type { DatabaseSync } from 'node:sqlite';
import type { StoreRefusal } from '../refusals.ts';
import { createEventAppender } from './append-event.ts';
import { createChangeApplier } from './apply-change.ts';
import { explain, isBusy, isFatal } from './to-fault.ts';
import { type CommitAnswer, type Committed, type FlatCommit, isEvent } from './wire.ts';
import type { WriteTurns } from './write-turns.ts';

/** Takes commits in order and makes all of them durable with one sync, each all or nothing by itself. */
export type CommitBatch = (commits: readonly FlatCommit[]) => readonly CommitAnswer[];

export interface CommitBatchOptions {
  /** Named in faults. */
  readonly path: string;
  /** Who opens the intents. */
  readonly instance: number;
  readonly turns: WriteTurns;
}

/**
 * @returns a function that answers each commit in order. It throws, as a `Fault`, only when the file must not be
 * written to again.
 */
export function createCommitBatch(db: DatabaseSync, { path, instance, turns }: CommitBatchOptions): CommitBatch {
  const end = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  const mark = db.prepare('SAVEPOINT one_commit');
  const keep = db.prepare('RELEASE one_commit');
  const takeBack = db.prepare('ROLLBACK TO one_commit');
  const events = createEventAppender(db);
  const changes = createChangeApplier(db, instance);
  /** Whether what is remembered of the file holds, unless another process writes to it. */
  let isKnown = false;

  function commitOne(commit: FlatCommit): readonly number[] | Committed | StoreRefusal {
    const isMarked = mayRefuseAfterWriting(commit);
    const lastSeq = events.lastSeq();
    const seqs: number[] = [];
    const taken: number[] = [];
    if (isMarked) mark.run();
    changes.begin();
    for (const change of commit) {
      if (isEvent(change)) {
        seqs.push(events.append(change));
        continue;
      }
      const refusal = changes.apply(change);
      if (refusal === undefined) continue;
      if (!('ok' in refusal)) {
        taken.push(...refusal);
        continue;
      }
      if (isMarked) {
        takeBack.run();
        keep.run();
        events.rewind(lastSeq);
      }
      changes.takeBack();
      return refusal;
    }
    if (isMarked) keep.run();
    return taken.length === 0 ? seqs : { seqs, taken };
  }

  function commitAll(commits: readonly FlatCommit[]): readonly CommitAnswer[] {
    try {
      if (turns.begin() || !isKnown) {
        events.refresh();
        changes.forget();
        isKnown = true;
      }
      const answers = commits.map(commitOne);
      changes.write();
      end.run();
      return answers;
    } catch (error) {
      const fault = explain(error, path);
      if (isFatal(error)) throw fault;
      try {
        if (db.isTransaction) rollback.run();
      } catch (stuck) {
        throw explain(stuck, path);
      }
      isKnown = false;
      // One that cannot be written (it does not fit on the disk, say) must not take the others with it.
      if (commits.length > 1 && !isBusy(error)) return commits.flatMap((commit) => commitAll([commit]));
      return commits.map(() => ({ fault: fault.code, message: fault.message }));
    } finally {
      turns.end();
    }
  }

  return commitAll;
}

/** They write nothing, or, of meters, what is kept back until the transaction ends. */
const onlyReads: ReadonlySet<string> = new Set([
  'run.require',
  'isolation.require',
  'breaker.require',
  'pin.require',
  'bundle.require',
  'budget.take',
]);
const neverRefused: ReadonlySet<string> = new Set([
  'bundle.activate',
  'duty.delegate',
  'tiers.review',
  'content.keep',
  'budget.give',
  'isolation.seen',
  'breaker.forget',
  'approval.cancel',
]);

/** Whether the commit can be refused when part of it has been written already. Most cannot, and need no savepoint. */
function mayRefuseAfterWriting(commit: FlatCommit): boolean {
  let hasWritten = false;
  for (const change of commit) {
    const kind = isEvent(change) ? undefined : change.kind;
    if (kind !== undefined && hasWritten && !neverRefused.has(kind)) return true;
    if (kind === undefined || !onlyReads.has(kind)) hasWritten = true;
  }
  return false;
}
