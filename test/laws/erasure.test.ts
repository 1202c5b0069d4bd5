import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLocalRecordKeys } from '../../src/adapters/record-keys/local/open-local-record-keys.ts';
import { RunKey } from '../../src/adapters/stores/run-key.ts';
import { openSealedStore } from '../../src/adapters/stores/sealed/open-sealed-store.ts';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { verifyEvents } from '../../src/adapters/stores/sqlite/verify-events.ts';
import { eraseRuns } from '../../src/app/erase-record.ts';
import { systemClock } from '../../src/base/clock.ts';
import { digestEvent, type StoredEvent } from '../../src/model/event.ts';
import type { Store } from '../../src/ports/store.ts';
import { WrittenObjects } from '../../src/runtime/written-objects.ts';
import { newFolder } from '../conformance/store/new-folder.ts';
import { sampleApproval, sampleEvent, sampleRun } from '../conformance/store/samples.ts';

/*
 * What a run says is in the store only sealed. Once its key is erased nobody can read it, whoever has the store's files and
 * the key of the record; its events are the same as before, to the digest, and other runs lose nothing.
 *
 * Assumes that the disk keeps no older copy of what was overwritten, and says nothing of copies that were made of the store
 * before: those are erased with the key of the record that they came with.
 */

const TENANT = 'acme';
const RUNS = ['run_1', 'run_2', 'run_3'] as const;
const user = (id: string) => ({ id, groups: [], attributes: {} });
const says = (runId: string, what: string) => `what-${runId}-said-in-${what}`;

const turn = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('append' as const), run: fc.constantFrom(...RUNS) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('ask' as const), run: fc.constantFrom(...RUNS) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('erase' as const), run: fc.constantFrom(...RUNS) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reopen' as const), run: fc.constant('') }) },
);

describe('erasing a run', () => {
  it('leaves nothing to read of it, its events as they are, and others untouched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 16 }), async (turns) => {
        const { path, remove } = await newFolder();
        const erased = new Set<string>();
        const wrapped: string[] = [];
        const digests: string[] = [];
        let store = await openAt(path);
        try {
          for (const id of RUNS) await store.commit([{ kind: 'run.open', run: runThatSays(id) }]);
          let number = 0;
          for (const { what, run } of turns) {
            number += 1;
            if (what === 'reopen') {
              await store.close();
              store = await openAt(path);
            } else if (what === 'erase') {
              const [key] = await store.readRunKeys(TENANT, [run]);
              if (key?.wrapped !== undefined) wrapped.push(key.wrapped);
              await eraseRuns(store, systemClock, { tenant: TENANT, runIds: [run], by: 'ana', reason: 'asked to' });
              erased.add(run);
              const files = await readAll(path);
              for (const gone of wrapped) expect(files.includes(gone), 'no copy of an erased key is left').toBe(false);
            } else if (what === 'ask') {
              const approval = approvalThatSays(run, `apr_${number}`);
              await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 99 }]);
            } else await store.commit([{ kind: 'event.append', event: eventThatSays(run, `evt_${number}`) }]);
            const events = await store.readEvents({ tenant: TENANT, limit: 1_000 });
            expect(events.map(({ digest }) => digest).slice(0, digests.length), 'events stay as they are').toEqual(
              digests,
            );
            digests.splice(0, digests.length, ...events.map(({ digest }) => digest));
            for (const event of events) checkEvent(event, erased);
          }
          for (const id of RUNS) {
            const run = await store.readRun(TENANT, id);
            expect(JSON.stringify(run).includes('said-in')).toBe(!erased.has(id));
            if (!erased.has(id)) expect(run).toEqual(runThatSays(id));
          }
          for (const { runId, arguments: args } of await store.listApprovals(TENANT, 'pending', 1_000))
            expect(args).toEqual(erased.has(runId) ? {} : { to: says(runId, 'approvals') });
          await store.close();
          const files = await readAll(path);
          expect(files.includes('said-in'), 'nothing is in the files but sealed').toBe(false);
          expect(await verifyEvents({ path: join(path, 'store.db') })).toMatchObject({ checked: digests.length });
          expect(await verifyEvents({ path: join(path, 'store.db') })).not.toHaveProperty('problem');
        } finally {
          await store.close();
          await remove();
        }
      }),
      { numRuns: 12 },
    );
  });

  it('is complete for a process that has read the run before', async () => {
    const { path, remove } = await newFolder();
    const [one, other] = [await openAt(path), await openAt(path)];
    try {
      await one.commit([{ kind: 'run.open', run: runThatSays('run_1') }]);
      await one.commit([{ kind: 'event.append', event: eventThatSays('run_1', 'evt_1') }]);
      await eraseRuns(other, systemClock, { tenant: TENANT, runIds: ['run_1'], by: 'ana', reason: 'asked to' });
      // It still holds the key, and writes with it what nobody will read.
      await one.commit([{ kind: 'event.append', event: eventThatSays('run_1', 'evt_2') }]);
      for (const store of [one, other]) {
        const events = await store.readEvents({ tenant: TENANT, runId: 'run_1', limit: 10 });
        expect(events.map(({ id, erased }) => [id, erased])).toEqual([
          ['evt_1', true],
          ['evt_2', true],
        ]);
      }
    } finally {
      await one.close();
      await other.close();
      await remove();
    }
  });

  it('does nothing to a user’s other runs, which are found by a name that does not tell who they are', async () => {
    const { path, remove } = await newFolder();
    const store = await openAt(path);
    try {
      for (const id of RUNS) {
        const onBehalfOf = user(id === 'run_3' ? 'bo@acme.test' : 'ana@acme.test');
        const run = { ...runThatSays(id), principal: { tenant: TENANT, agent: 'support', onBehalfOf } };
        await store.commit([
          { kind: 'run.open', run },
          { kind: 'event.append', event: eventThatSays(id, `evt_${id}`) },
        ]);
      }
      const ofAna = () => store.readEvents({ tenant: TENANT, user: 'ana@acme.test', limit: 10 });
      expect((await ofAna()).map(({ runId }) => runId)).toEqual(['run_1', 'run_2']);
      await eraseRuns(store, systemClock, { tenant: TENANT, runIds: ['run_1'], by: 'ana', reason: 'asked to' });
      expect((await ofAna()).map(({ erased = false }) => erased)).toEqual([true, false]);
      await store.close();
      expect((await readAll(path)).includes('ana@acme')).toBe(false);
    } finally {
      await store.close();
      await remove();
    }
  });

  it('leaves no address in the files that it wrote to, and what it wrote is known again', async () => {
    const { path, remove } = await newFolder();
    const store = await openAt(path);
    try {
      await store.commit([{ kind: 'run.open', run: runThatSays('run_1') }]);
      const objects = Array.from({ length: 20 }, (_, i) => `value#email:person-${i}@acme.test`);
      await store.commit([{ kind: 'written.add', tenant: TENANT, objects, runId: 'run_1', atMs: 1 }]);
      expect((await readAll(path)).includes('person-7@acme.test'), 'while it is kept').toBe(true);
      await eraseRuns(store, systemClock, { tenant: TENANT, runIds: ['run_1'], by: 'ana', reason: 'asked to' });
      expect((await readAll(path)).includes('@acme.test')).toBe(false);
      const written = new WrittenObjects(store, TENANT);
      await written.catchUp();
      expect(objects.every((object) => written.has(object))).toBe(true);
    } finally {
      await store.close();
      await remove();
    }
  });
});

describe('what is sealed', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);

  it('opens as it was under its own name and key, and in no other way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(7), (text, at, bit) => {
        const key = new RunKey(bytes);
        const sealed = key.seal('evt_1', text, systemClock);
        expect(key.open('evt_1', sealed)).toBe(text);
        expect(() => key.open('evt_2', sealed)).toThrow(/cannot be opened/);
        expect(() => new RunKey(bytes.toReversed()).open('evt_1', sealed)).toThrow(/cannot be opened/);
        const box = Buffer.from(sealed.sealed, 'base64');
        box.writeUInt8(box.readUInt8(at % box.length) ^ (1 << bit), at % box.length);
        expect(() => key.open('evt_1', { ...sealed, sealed: box.toString('base64') })).toThrow(/cannot be opened/);
        const hex = Buffer.from(sealed.commitment, 'hex');
        hex.writeUInt8(hex.readUInt8(at % hex.length) ^ (1 << bit), at % hex.length);
        expect(() => key.open('evt_1', { ...sealed, commitment: hex.toString('hex') })).toThrow(/committed/);
      }),
      { numRuns: 200 },
    );
  });

  it('never looks the same twice, and two runs never share a key', async () => {
    const key = new RunKey(bytes);
    const boxes = Array.from({ length: 1_000 }, (_, i) => key.seal(`evt_${i}`, 'yes', systemClock));
    expect(new Set(boxes.map(({ sealed }) => sealed)).size).toBe(1_000);
    expect(new Set(boxes.map(({ commitment }) => commitment)).size, 'equal texts cannot be told to be equal').toBe(
      1_000,
    );
  });
});

async function openAt(path: string): Promise<Store> {
  const keys = await openLocalRecordKeys({ folder: join(path, 'record-keys'), clock: systemClock });
  return openSealedStore(await openSqliteStore({ path: join(path, 'store.db') }), { keys, clock: systemClock });
}

function runThatSays(id: string) {
  return sampleRun({
    id,
    principal: { tenant: TENANT, agent: 'support', onBehalfOf: user(says(id, 'users')) },
    task: says(id, 'tasks'),
    // Long: what follows it in its row lies on a page of its own.
    prompt: [{ kind: 'user', text: `${says(id, 'prompts')} ${'and '.repeat(2_000)}` }],
    confidential: [says(id, 'system-prompts')],
  });
}

const eventThatSays = (runId: string, id: string) => sampleEvent({ id, runId, body: { text: says(runId, 'events') } });

function approvalThatSays(runId: string, id: string) {
  const reasons = [{ code: 'E_APPROVAL_PENDING' as const, message: says(runId, 'reasons') }];
  return sampleApproval({ id, runId, arguments: { to: says(runId, 'approvals') }, reasons });
}

function checkEvent(event: StoredEvent, erased: ReadonlySet<string>): void {
  const { digest, ...told } = event;
  expect(digest).toBe(digestEvent(told));
  if (event.runId === undefined) return;
  if (!erased.has(event.runId)) expect(event.body).toEqual({ text: says(event.runId, 'events') });
  else expect(JSON.stringify(event)).not.toContain('said-in');
}

async function readAll(folder: string): Promise<Buffer> {
  const found = await readdir(folder, { withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}
