import { describe, expect, it } from 'vitest';
import { limits } from '../base/limits.ts';
import { hideWritten } from '../model/written.ts';
import type { WrittenObject } from '../ports/store.ts';
import { boundWritten, WrittenObjects } from './written-objects.ts';

/** A store that knows these objects, in pages of whatever size is asked for. */
function storeOf(objects: readonly string[]) {
  let reads = 0;
  return {
    get reads() {
      return reads;
    },
    async listWritten(_tenant: string, afterSeq: number, limit: number): Promise<readonly WrittenObject[]> {
      reads++;
      return objects.slice(afterSeq, afterSeq + limit).map((object, i) => ({ object, seq: afterSeq + i + 1 }));
    },
  };
}
const many = (count: number) => Array.from({ length: count }, (_, i) => `note#${i}`);

describe('what agents wrote', () => {
  it('is caught up with, from where it was', async () => {
    const objects = many(2_500);
    const store = storeOf(objects);
    const written = new WrittenObjects(store, 'acme');
    expect(written.isEmpty).toBe(true);
    await written.catchUp();
    expect([written.has('note#0'), written.has('note#2499'), written.has('note#2500')]).toEqual([true, true, false]);
    const { reads } = store;
    objects.push('mail#1');
    await written.catchUp();
    expect(written.has('mail#1')).toBe(true);
    expect(store.reads).toBe(reads + 1);
  });

  it('is everything, beyond the limit', async () => {
    const written = new WrittenObjects(storeOf(many(limits.writtenObjects + 5)), 'acme');
    await written.catchUp();
    expect(written.isFull).toBe(true);
    expect(written.has('never#seen')).toBe(true);
  });

  it('may be every object of a kind', () => {
    const written = new WrittenObjects(storeOf([]), 'acme');
    written.add(['note#*']);
    expect([written.has('note#77'), written.has('mail#77')]).toEqual([true, false]);
  });

  it('is known again after its run was erased, and of the other tenant nothing is', async () => {
    const store = storeOf([hideWritten('acme', 'value#email:ana@acme.test')]);
    const [written, other] = [new WrittenObjects(store, 'acme'), new WrittenObjects(store, 'other')];
    for (const each of [written, other]) await each.catchUp();
    expect(written.has('value#email:ana@acme.test')).toBe(true);
    expect(written.has('value#email:bo@acme.test')).toBe(false);
    expect(other.has('value#email:ana@acme.test')).toBe(false);
  });

  it('says of a call that wrote very much only which kinds', () => {
    expect(boundWritten(['note#1'])).toEqual(['note#1']);
    expect(boundWritten([...many(5_000), 'mail#1'])).toEqual(['note#*', 'mail#*']);
  });
});
