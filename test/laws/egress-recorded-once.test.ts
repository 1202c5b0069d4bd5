import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import type { Store } from '../../src/ports/store.ts';
import { EgressLog } from '../../src/runtime/egress/egress-log.ts';

/*
 * What left through the egress door is in the record once, whenever the store fails: before a commit, after it and before
 * it was said, or while it is asked what it has. Assumes that it works again in the end.
 */

type Way = 'works' | 'fails before' | 'fails after' | 'cannot be read';
const WAYS: readonly Way[] = ['works', 'fails before', 'fails after', 'cannot be read'];

/** A store that goes through these ways, one for each time it is asked, and works from then on. */
function failing(inner: Store, ways: readonly Way[]): Store {
  const left = [...ways];
  return {
    ...inner,
    async commit(changes) {
      const way = left.shift() ?? 'works';
      if (way === 'fails before') throw new Fault('E_STORE', 'injected');
      const result = await inner.commit(changes);
      if (way === 'fails after') throw new Fault('E_STORE', 'injected');
      return result;
    },
    async readEvents(query) {
      if (left[0] === 'cannot be read') {
        left.shift();
        throw new Fault('E_STORE', 'injected');
      }
      return inner.readEvents(query);
    },
  };
}

async function writeThrough(truth: Store, ways: readonly Way[], sizes: readonly number[]): Promise<readonly string[]> {
  const log = new EgressLog(failing(truth, ways));
  const added: string[] = [];
  for (const size of sizes) {
    for (let i = 0; i < size; i++) {
      const id = `evt_${added.length}`;
      added.push(id);
      const atMs = 1_000 + (added.length % 3);
      log.add({ id, kind: 'egress.passed', tenant: `tenant-${added.length % 2}`, atMs, body: {} });
    }
    await log.flush();
  }
  for (let tries = 0; !(await log.flush()) && tries < 50; tries++);
  const found: string[] = [];
  for (const tenant of ['tenant-0', 'tenant-1'])
    found.push(...(await truth.readEvents({ tenant, limit: 1_000 })).map(({ id }) => id));
  expect(found.toSorted()).toEqual(added.toSorted());
  return added;
}

describe('what left', () => {
  it('is recorded once, however the store fails', async () => {
    const ways = fc.array(fc.constantFrom(...WAYS), { maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(ways, sizes, async (some, all) => {
        const truth = openMemoryStore();
        await writeThrough(truth, some, all);
        await truth.close();
      }),
      { numRuns: 200 },
    );
  });

  it('is recorded once in the store that is used', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chaperone-once-'));
    const truth = await openSqliteStore({ path: join(folder, 'store.db'), clock: systemClock });
    await writeThrough(truth, ['fails after', 'works', 'fails before', 'works', 'works', 'fails after'], [300, 20, 5]);
    await truth.close();
    await rm(folder, { recursive: true });
  });
});
