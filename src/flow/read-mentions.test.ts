import { describe, expect, it } from 'vitest';
import { findQuotations } from './find-quotations.ts';
import { readTask } from './read-task.ts';

describe('quotations', () => {
  it.each<[string, string[]]>([
    [`Open 'a b' and "c".`, ['a b', 'c']],
    ["Lena's file 'notes'", ['notes']],
    ['“one” and ‘two’', ['one', 'two']],
    ['“never closed', []],
  ])('%s', (text, inner) => {
    expect(findQuotations(text).map((found) => found.inner)).toEqual(inner);
  });

  it('marks that never close cost no more than other text', () => {
    const started = process.hrtime.bigint();
    readTask([{ kind: 'user', text: `Summarise this: ${' “a'.repeat(20_000)}` }]);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1500);
  });
});
