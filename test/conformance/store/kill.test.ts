import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { verifyEvents } from '../../../src/adapters/stores/sqlite/verify-events.ts';
import { startCommitter } from './committer.ts';
import { newFolder } from './new-folder.ts';

const ROUNDS = 25;
const LEAST_ROUNDS = 8;
const BUDGET_MS = 20_000;

/** Moments spread over the first fifth of a second, the same in every run. */
const killAfterMs = (round: number): number => 1 + ((round * 67) % 211);

describe('sqlite, killed', () => {
  let folder: Awaited<ReturnType<typeof newFolder>>;
  beforeAll(async () => {
    folder = await newFolder();
  });
  afterAll(() => folder.remove());

  it('keeps every acknowledged event, without gaps, whenever the process dies', async () => {
    const path = `${folder.path}/store.db`;
    const startedMs = performance.now();
    const acknowledged: number[] = [];
    let rounds = 0;
    while (rounds < LEAST_ROUNDS || (rounds < ROUNDS && performance.now() - startedMs < BUDGET_MS)) {
      const committer = startCommitter(path);
      await committer.says('seqs');
      await sleep(killAfterMs(rounds));
      committer.child.kill('SIGKILL');
      await committer.ended;
      expect(committer.said, 'nothing but acknowledgements').toEqual(['opened']);
      acknowledged.push(...committer.acknowledged);
      rounds++;

      const kept = inspect(path);
      expect(kept.integrity).toBe('ok');
      expect(kept.seqs, 'no gap').toEqual(kept.seqs.map((_, i) => i + 1));
      const lost = acknowledged.filter((seq) => seq > kept.seqs.length);
      expect(lost, 'acknowledged and not there').toEqual([]);
      expect(kept.torn, 'commits of which only a part is there').toEqual([]);
      expect(await verifyEvents({ path })).toEqual({ checked: kept.seqs.length, lastSeq: kept.seqs.length });
    }
    expect(acknowledged.length).toBeGreaterThan(rounds);

    const store = await openSqliteStore({ path });
    const [newest] = await store.readEvents({ tenant: 'acme', newestFirst: true, limit: 1 });
    expect(newest?.seq).toBeGreaterThanOrEqual(Math.max(...acknowledged));
    await store.close();
  }, 60_000);

  it('leaves a file that opens, even when it dies while making it', async () => {
    for (let round = 0; round < 6; round++) {
      const path = `${folder.path}/new-${round}.db`;
      const committer = startCommitter(path);
      await sleep(60 + round * 45);
      committer.child.kill('SIGKILL');
      await committer.ended;
      const store = await openSqliteStore({ path });
      const events = await store.readEvents({ tenant: 'acme', limit: 1_000 });
      expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
      await store.close();
    }
  }, 60_000);
});

/** What is in the file, read with nothing of ours in between. */
function inspect(path: string): { integrity: unknown; seqs: unknown[]; torn: unknown[] } {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return {
      integrity: db.prepare('PRAGMA integrity_check').get()?.['integrity_check'],
      seqs: db
        .prepare('SELECT seq FROM events ORDER BY seq')
        .all()
        .map((row) => row['seq']),
      torn: db
        .prepare(
          `SELECT call_id, count(*) AS events FROM (
             SELECT call_id FROM events UNION ALL SELECT call_id FROM intents
           ) GROUP BY call_id HAVING count(*) <> 3`,
        )
        .all(),
    };
  } finally {
    db.close();
  }
}
