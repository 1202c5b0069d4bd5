import { chmod } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { openSqliteStoreReadOnly } from '../../../src/adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import { startCommitter } from './committer.ts';
import { newFolder } from './new-folder.ts';
import { activateA, append, isolateAgent, openApproval, openIntent, openRun, pinA } from './samples.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
let path: string;
beforeEach(async () => {
  folder = await newFolder();
  path = `${folder.path}/store.db`;
});
afterEach(() => folder.remove());

describe('sqlite, read-only', () => {
  it('reads what a store in this process has committed, as that store reads it', async () => {
    const store = await openSqliteStore({ path });
    const reader = await openSqliteStoreReadOnly({ path });
    expect(await reader.readEvents({ tenant: 'acme', limit: 10 })).toEqual([]);
    await store.commit([openRun, openApproval, openIntent, activateA, isolateAgent, append()]);
    await store.commit([{ kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 1 }]);
    for (const from of [reader, store]) {
      expect(await from.readEvents({ tenant: 'acme', limit: 10 })).toHaveLength(1);
      expect(await from.readRun('acme', 'run_1')).toMatchObject({ task: 'answer mail' });
      expect(await from.readApproval('acme', 'apr_1')).toMatchObject({ state: 'pending' });
      expect(await from.listApprovals('acme', 'pending', 10)).toHaveLength(1);
      expect(await from.listAbandonedIntents(10)).toEqual([]);
      expect(await from.listPins('mail')).toHaveLength(1);
      expect(await from.readBundle(activateA.bundle)).toMatchObject({ content: activateA.content });
      expect(await from.readPin('mail/send')).toMatchObject({ pin: pinA });
      expect(await from.listIsolations()).toHaveLength(1);
      expect(await from.readActiveBundle()).toMatchObject({ bundle: activateA.bundle });
    }
    await store.close();
    expect(await reader.readEvents({ tenant: 'acme', limit: 10 }), 'also when the writer is gone').toHaveLength(1);
    expect(await reader.listAbandonedIntents(10), 'whose intents are abandoned').toHaveLength(1);
    await reader.close();
    await reader.close();
    await expect(reader.listIsolations()).rejects.toMatchObject({ code: 'E_STORE' });
  });

  it('reads while another process writes, and does not hinder it', async () => {
    const writer = startCommitter(path);
    try {
      await writer.says('seqs');
      const reader = await openSqliteStoreReadOnly({ path });
      const readLast = async () =>
        (await reader.readEvents({ tenant: 'acme', newestFirst: true, limit: 1 }))[0]?.seq ?? 0;
      const first = await readLast();
      await expect.poll(readLast).toBeGreaterThan(first + 100);
      await reader.close();
      const count = writer.acknowledged.length;
      await expect.poll(() => writer.acknowledged.length).toBeGreaterThan(count);
      expect(writer.said).toEqual(['opened']);
    } finally {
      writer.child.kill('SIGKILL');
      await writer.ended;
    }
  });

  it('cannot write', async () => {
    await (await openSqliteStore({ path })).close();
    const reader = await openSqliteStoreReadOnly({ path });
    expect(reader).not.toHaveProperty('commit');
    await reader.close();
  });

  it('says what is wrong with a file it cannot read', async () => {
    await expect(openSqliteStoreReadOnly({ path })).rejects.toMatchObject({
      code: 'E_STORE_NONE',
      message: `nothing is recorded yet: there is no store at ${path}`,
    });
    await expect(openSqliteStoreReadOnly({ path: `${path}/nor/a/folder` })).rejects.toMatchObject({
      code: 'E_STORE_NONE',
    });
    const db = new DatabaseSync(path);
    await expect(openSqliteStoreReadOnly({ path })).rejects.toMatchObject({ code: 'E_STORE' });
    db.exec('CREATE TABLE notes (text)');
    await expect(openSqliteStoreReadOnly({ path })).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
    db.close();
    await chmod(path, 0o600);
  });
});
