import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadText } from './config/load-config.ts';
import type { Notice } from './notice.ts';
import { openPlanner } from './open-planner.ts';

const KEY = 'key-7f3a9c2e5b';
const open = async (planner: string, environment: Record<string, string> = {}) => {
  const notices: Notice[] = [];
  const loaded = await loadText(`version: 1\n${planner}\n`, 'c.yaml', '/tmp');
  return { planner: await openPlanner(loaded, environment, (notice) => notices.push(notice)), notices };
};
const config = (kind: string, more = '') => `planner: { kind: ${kind}, url: "https://m", model: big ${more} }`;

describe('openPlanner', () => {
  it('opens none where none is configured', async () => {
    expect((await open('mode: provisional')).planner).toBeUndefined();
  });

  it.each(['openai', 'anthropic'])('opens %s, with or without a key that never prints', async (kind) => {
    for (const more of ['', ', key: { secret: env:K }']) {
      const { planner, notices } = await open(config(kind, more), { K: KEY });
      expect(planner).toMatchObject({ name: kind, version: expect.stringMatching(/^big /), timeoutMs: 10_000 });
      expect(inspect(planner, { depth: 9, showHidden: true })).not.toContain(KEY);
      expect(notices).toEqual([]);
    }
  });

  it.each([
    [{}, 'the environment variable `K` is not set'],
    [{ K: `${KEY}\nx: y` }, 'has a line break'],
  ])('names the place of a key that cannot be used', async (environment, why) => {
    const opening = open(config('openai', ', key: { secret: env:K }'), environment as Record<string, string>);
    await expect(opening).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining(why) });
    await expect(opening).rejects.toThrow(/^c\.yaml:2:\d+/);
    await expect(opening).rejects.not.toThrow(KEY);
  });
});
