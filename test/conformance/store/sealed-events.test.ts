import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalRecordKeys } from '../../../src/adapters/record-keys/local/open-local-record-keys.ts';
import { openMemoryStore } from '../../../src/adapters/stores/memory/open-memory-store.ts';
import { openSealedStore } from '../../../src/adapters/stores/sealed/open-sealed-store.ts';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { limits } from '../../../src/base/limits.ts';
import { isSealed } from '../../../src/model/sealed.ts';
import type { Change, Store } from '../../../src/ports/store.ts';

const WORDS = 'nobody else may read this';
const TENANT = 't';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealed-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A sealed store over `inner`, with a run, and what `inner` was handed. */
async function open(inner: Store) {
  const keys = await openLocalRecordKeys({ folder: join(folder, 'record-keys'), clock: systemClock });
  const handed: Change[] = [];
  const spied: Store = {
    ...inner,
    commit: (changes, options) => {
      handed.push(...changes);
      return inner.commit(changes, options);
    },
  };
  const store = openSealedStore(spied, { keys, clock: systemClock });
  const runId = 'run_1';
  const run = {
    id: runId,
    principal: { tenant: TENANT, agent: 'a' },
    task: 'task',
    prompt: [],
    attested: true,
    label: { integrity: 'trusted', secrecy: 'public', origins: [] },
    startedAtMs: 1,
    expiresAtMs: 2,
  } as const;
  await store.commit([{ kind: 'run.open', run }]);
  const append = (id: string, body: Record<string, string>): Change => ({
    kind: 'event.append',
    event: { id, kind: 'call.refused', tenant: TENANT, runId, atMs: 1, body },
  });
  return { store, handed, append };
}

describe.each([
  [
    'that seals itself, in its thread and on the calling one',
    () => openSqliteStore({ path: join(folder, 'store.db') }),
  ],
  ['that is given what is sealed', async () => openMemoryStore()],
])('a store %s', (_, openInner) => {
  it('is never handed words, and keeps none', async () => {
    const inner = await openInner();
    const { store, handed, append } = await open(inner);
    await store.commit([append('alone', { words: `alone ${WORDS}` })], { alone: true });
    const ids = Array.from({ length: 100 }, (_, i) => `evt_${i}`);
    const body = { words: WORDS };
    const commits = ids.map((id) => store.commit([append(id, body)]));
    body.words = 'changed since';
    await Promise.all(commits);

    const events = handed.flatMap((change) => (change.kind === 'event.append' ? [change] : []));
    expect(events).toHaveLength(101);
    for (const { event, seal } of events) {
      expect(JSON.stringify(event)).not.toContain(WORDS);
      expect(seal === undefined).toBe(inner.seals !== true);
      expect(seal === undefined ? isSealed(event.body) : Object.keys(event.body).length === 0).toBe(true);
    }
    const kept = await inner.readEvents({ tenant: TENANT, limit: 1_000 });
    expect(kept.map(({ body }) => isSealed(body))).toEqual(kept.map(() => true));
    expect(new Set(kept.map(({ body }) => body['sealed'])).size, 'each with a nonce of its own').toBe(101);
    const read = await store.readEvents({ tenant: TENANT, limit: 1_000 });
    expect(read.map(({ body }) => body)).toEqual([{ words: `alone ${WORDS}` }, ...ids.map(() => ({ words: WORDS }))]);
    await store.close();
  });

  it('takes no key that is none, and goes on with the others', async () => {
    const inner = await openInner();
    const { store, append } = await open(inner);
    const keys = await openLocalRecordKeys({ folder: join(folder, 'record-keys'), clock: systemClock });
    const broken = openSealedStore(inner, {
      keys: { ...keys, unwrap: async () => new Uint8Array(5) },
      clock: systemClock,
    });
    await expect(broken.commit([append('evt_broken', { words: WORDS })])).rejects.toMatchObject({
      code: 'E_RECORD_KEY',
    });
    expect(await store.commit([append('evt_after', { words: WORDS })])).toMatchObject({ ok: true });
    await store.close();
  });

  it('refuses what is too large once it is sealed, and takes what is not', async () => {
    const { store, append } = await open(await openInner());
    // {"commitment":"…64…","sealed":"…"} around the base64 of 12 + text + 16 bytes; the text is {"words":"…"}.
    const most = Math.floor((limits.recordBytes - 93) / 4) * 3 - 28 - '{"words":""}'.length;
    for (const [words, ok] of [
      ['a'.repeat(most), true],
      ['a'.repeat(most + 1), false],
      [`${'a'.repeat(most - 1)}é`, false],
    ] as const) {
      for (const alone of [true, false]) {
        const id = `evt_${ok}_${alone}`;
        const answer = await store.commit([append(id, { words })], { alone });
        expect(answer.ok, `${words.length}, ${alone}`).toBe(ok);
      }
    }
    await store.close();
  });
});

it('leaves no words in the file', async () => {
  const files = ['store.db', 'store.db-wal'].map((name) => readFile(join(folder, name)).catch(() => Buffer.alloc(0)));
  for (const bytes of await Promise.all(files)) expect(bytes.includes(WORDS)).toBe(false);
});
