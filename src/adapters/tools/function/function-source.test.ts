import { describe, expect, it } from 'vitest';
import { FunctionSource } from './function-source.ts';

describe('FunctionSource', () => {
  it('lists what was described and tells listeners', async () => {
    const source = new FunctionSource('app');
    let told = 0;
    const stop = source.onListChanged(() => (told += 1));
    source.describe([{ server: 'app', name: 'add', description: 'adds', inputSchema: { type: 'object' } }]);
    expect((await source.list()).map((tool) => tool.name)).toEqual(['add']);
    stop();
    source.describe([]);
    expect(told).toBe(1);
  });
});
