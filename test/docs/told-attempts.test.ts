import { describe, expect, it } from 'vitest';
import { told, type Where } from '../escape/told.ts';
import { readDocument } from './read-fences.ts';

/** The table of what walls tell of, as people read it. */
function readTable(): ReadonlyMap<string, readonly string[]> {
  const rows = readDocument('docs/sandboxes.md')
    .split('\n')
    .filter((line) => /^\| (attempt \| wasm|`[a-z-]+` \| (yes|–) )/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
  const [head = [], ...body] = rows;
  return new Map(
    head
      .slice(1)
      .map((where, index) => [
        where,
        body.filter((row) => row[index + 1] === 'yes').map(([kind = '']) => kind.replaceAll('`', '')),
      ]),
  );
}

describe('the table of what is noticed', () => {
  it.each(Object.keys(told) as Where[])('says of %s what its suite holds it to', (where) => {
    expect([...(readTable().get(where) ?? [])].sort()).toEqual([...told[where]].sort());
  });

  it('leaves nothing out', () => {
    expect([...readTable().keys()]).toEqual(Object.keys(told));
  });
});
