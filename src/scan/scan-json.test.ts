import { expect, it } from 'vitest';
import { scanJson } from './scan-json.ts';
import { secrets } from './secrets.ts';

it('walks every text and every name, with pointers', () => {
  const token = `npm_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'}`;
  const found = scanJson({ 'a/b': [1, { 'c~d': `x ${token}` }], [token]: null }, [secrets]);
  expect(found.map(({ path, start }) => [path, start])).toEqual([
    ['/a~1b/1/c~0d', 2],
    [`/${token}#`, 0],
  ]);
  expect(scanJson(null, [secrets])).toEqual([]);
});
