import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RecordReader } from '../../../ports/ledger.ts';
import { openRecordReader } from './open-record-reader.ts';
import { openRecordThread } from './open-record-thread.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

let folder: string;
let path: string;
let thread: RecordReader;

async function append(...ids: readonly string[]): Promise<void> {
  const store = await openSqliteStore({ path });
  for (const id of ids) {
    const event = { id, kind: 'run.started', tenant: 't', atMs: 1, body: {} } as const;
    await store.commit([{ kind: 'event.append', event }]);
  }
  await store.close();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-record-'));
  path = join(folder, 'store.db');
  thread = openRecordThread({ path });
});

afterEach(async () => {
  await thread.close();
  rmSync(folder, { recursive: true });
});

it('reads what a reader on this thread reads', async () => {
  await append('a', 'b', 'c');
  const here = openRecordReader({ path });
  const [last, digests, found, missing] = await Promise.all([
    thread.lastSeq(),
    thread.readDigests(1, 10),
    thread.findEvent('c'),
    thread.findEvent('d'),
  ]);
  expect(last).toBe(3);
  expect(digests).toEqual(await here.readDigests(1, 10));
  expect(digests).toHaveLength(2);
  expect([found, missing]).toEqual([3, undefined]);
  await here.close();
});

it('says with each question that there is no record, and reads it once there is one', async () => {
  await expect(thread.lastSeq()).rejects.toThrow('nothing is recorded yet');
  await expect(thread.readDigests(0, 1)).rejects.toThrow('nothing is recorded yet');
  await append('a');
  expect(await thread.lastSeq()).toBe(1);
});

it('refuses what it was asked after it was closed, and answers what it was asked before', async () => {
  await append('a');
  const asked = thread.lastSeq();
  await thread.close();
  expect(await asked).toBe(1);
  await expect(thread.lastSeq()).rejects.toMatchObject({ code: 'E_STORE' });
  await thread.close();
});

it('rejects what a thread was asked that ended by itself, and starts another', async () => {
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', (ask) => {
       if (ask === 'close') return parentPort.close();
       if (ask.name === 'findEvent') throw new Error('broken');
       parentPort.postMessage({ ok: true, answer: 7 });
     });`,
  );
  const broken = openRecordThread({ path, program: pathToFileURL(program) });
  const [found, behind] = await Promise.allSettled([broken.findEvent('a'), broken.lastSeq()]);
  expect([found, behind]).toEqual(
    Array(2).fill(expect.objectContaining({ reason: expect.objectContaining({ code: 'E_STORE' }) })),
  );
  expect(await broken.lastSeq()).toBe(7);
  await broken.close();
});
