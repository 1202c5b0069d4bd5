import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDataDespite } from './read-data-despite.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-despite-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['a key that nobody knows', 'version: 1\nnonsense: true\ndata: /srv/x\n', '/srv/x'],
  ['an indent that is wrong', 'version: 1\ndata: /srv/x\nagents:\n  a:\n b: [\n', '/srv/x'],
  ['a quote that is not closed, after it', 'version: 1\ndata: here\nmode: "enforce\n', 'here'],
  ['no mention', 'version: 1\nmode: [\n', undefined],
  ['something else by that name', 'data: { a: 1 }\n', undefined],
  ['a list', '- data\n', undefined],
  ['a scalar', 'data\n', undefined],
  ['nothing', '', undefined],
])('finds the folder beside %s', async (_, text, expected) => {
  await writeFile(join(folder, 'chaperone.yaml'), text);
  expect(await readDataDespite(join(folder, 'chaperone.yaml'))).toBe(expected);
});

it('finds none where there is no file', async () => {
  expect(await readDataDespite(join(folder, 'none.yaml'))).toBeUndefined();
});
