import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { openKeyFiles } from './key-files.ts';
import { rememberFiles } from './remember-files.ts';

const root = mkdtempSync(join(tmpdir(), 'chaperone-keys-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('reads a file once, and again whatever was done to it', async () => {
  const files = await openKeyFiles(join(root, 'keys'), systemClock);
  let reads = 0;
  const counted = {
    ...files,
    read(name: string) {
      reads++;
      return files.read(name);
    },
  };
  const remembered = rememberFiles(counted, (name) => name !== 'signed');
  expect(await remembered.read('key')).toBeUndefined();
  await remembered.add('key', 'one');
  for (let i = 0; i < 5; i++) expect(await remembered.read('key')).toBe('one');
  expect(reads).toBe(2);
  await files.replace('key', 'two');
  expect(await remembered.read('key'), 'another process replaced it').toBe('two');
  const path = join(files.folder, 'key');
  writeFileSync(path, readFileSync(path, 'utf8').replace('two', 'six'));
  expect(await remembered.read('key'), 'somebody wrote over it, to the same size').toBe('six');
  chmodSync(path, 0o644);
  await expect(remembered.read('key'), 'others may read it now').rejects.toMatchObject({ code: 'E_CONFIG' });
  chmodSync(path, 0o600);
  expect(await remembered.read('key')).toBe('six');
  await remembered.remove('key');
  expect(await remembered.read('key')).toBeUndefined();
  const before = reads;
  await files.replace('signed', 'x');
  await remembered.read('signed');
  await remembered.read('signed');
  expect(reads - before, 'what changes all the time is not remembered').toBe(2);
});
