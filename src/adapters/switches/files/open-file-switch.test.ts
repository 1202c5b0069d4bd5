import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../base/limits.ts';
import { openFileSwitch } from './open-file-switch.ts';

let base: string;
let data: string;
const put = async (name: string, text: string) => {
  await mkdir(join(data, 'stop.d'), { recursive: true });
  await writeFile(join(data, 'stop.d', name), text);
};
const stops = (...scopes: string[]) => openFileSwitch(data).find(scopes)?.scope;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'chaperone-switch-'));
  data = base;
});
afterEach(() => rm(base, { recursive: true, force: true }));

describe('the file switch', () => {
  it('stops nothing while there is no file', async () => {
    expect(stops('all', 'tenant:acme')).toBeUndefined();
    await mkdir(join(data, 'stop.d'));
    await writeFile(join(data, 'stop.d', '.half.json'), '{');
    expect(stops('all', 'tenant:acme')).toBeUndefined();
  });

  it('stops what a file names, and nothing else', async () => {
    await put('a.json', JSON.stringify({ scope: 'agent:acme/support', reason: 'odd', by: 'ana', incident: true }));
    await put('b.json', JSON.stringify({ scope: 'run:run_1' }));
    expect(stops('all', 'tenant:acme', 'agent:acme/support')).toBe('agent:acme/support');
    expect(stops('all', 'tenant:acme', 'agent:acme/sales')).toBeUndefined();
    expect(openFileSwitch(data).list()).toEqual([
      {
        scope: 'agent:acme/support',
        reason: 'odd',
        by: 'ana',
        incident: true,
        place: join(data, 'stop.d', 'a.json'),
        thrownAtMs: expect.any(Number),
      },
      {
        scope: 'run:run_1',
        reason: 'stopped by a file',
        by: 'file',
        incident: false,
        place: join(data, 'stop.d', 'b.json'),
        thrownAtMs: expect.any(Number),
      },
    ]);
  });

  it('says when a file was put there, whatever date it was given', async () => {
    await put('.half.json', JSON.stringify({ scope: 'run:run_1' }));
    const half = join(data, 'stop.d', '.half.json');
    await utimes(half, 1, 1);
    const { ctimeMs: writtenAtMs } = await stat(half);
    await rename(half, join(data, 'stop.d', 'a.json'));
    const [thrown] = openFileSwitch(data).list();
    expect(thrown?.thrownAtMs).toBeGreaterThanOrEqual(writtenAtMs);
  });

  it.each(['', 'anything', '{"scope":"run:x"}'])('stops everything by a file STOP that says %j', async (text) => {
    await writeFile(join(data, 'STOP'), text);
    expect(stops('all')).toBe('all');
  });

  const broken: readonly [string, () => Promise<unknown> | undefined][] = [
    ['STOP is a folder', () => mkdir(join(data, 'STOP'))],
    ['STOP is a link to nothing', () => symlink('/nowhere', join(data, 'STOP'))],
    ['stop.d is a file', () => writeFile(join(data, 'stop.d'), '')],
    ['stop.d is a link to an empty folder', () => symlink(tmpdir(), join(data, 'stop.d'))],
    ['a file is no JSON', () => put('a.json', '{')],
    ['a file is empty', () => put('a.json', '')],
    ['a file names no scope', () => put('a.json', '{"scope":"agent:acme/*"}')],
    ['a file says something else', () => put('a.json', '{"scope":"run:x","but":"not"}')],
    ['a file says a reason that no record takes', () => put('a.json', '{"scope":"run:x","reason":"\\ud800"}')],
    ['a file names nobody who can be recorded', () => put('a.json', '{"scope":"run:x","by":"\\udfff"}')],
    ['a file has another name', () => put('a.txt', '{"scope":"run:x"}')],
    ['a file is a folder', () => mkdir(join(data, 'stop.d', 'a.json'), { recursive: true })],
    ['a file is too long', () => put('a.json', `{"scope":"run:x"}${' '.repeat(limits.stopFileBytes)}`)],
    [
      'a file is a link to one that is all right',
      async () => {
        await writeFile(join(data, 'real.json'), '{"scope":"run:x"}');
        await mkdir(join(data, 'stop.d'));
        await symlink(join(data, 'real.json'), join(data, 'stop.d', 'a.json'));
      },
    ],
    [
      'a file is a pipe that nobody writes to',
      async () => {
        await mkdir(join(data, 'stop.d'));
        execFileSync('mkfifo', [join(data, 'stop.d', 'a.json')]);
      },
    ],
    [
      'there are more than can be read',
      async () => {
        for (let i = 0; i <= limits.stopFiles; i++) await put(`${i}.json`, '{"scope":"run:x"}');
      },
    ],
    ['the data folder is none', async () => (data = join(data, 'file', 'below'))],
  ];
  it.each(broken)('stops everything where %s', async (what, make) => {
    if (what === 'the data folder is none') await writeFile(join(base, 'file'), '');
    await make();
    const thrown = openFileSwitch(data).find(['all']);
    expect(thrown).toMatchObject({ scope: 'all', broken: expect.stringMatching(/\S/) });
  });
});
