import { closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DECOYS, findTouched, layDecoys } from './decoys.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chaperone-decoys-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('lays nothing in folders that are the host’s own, and notices what was read elsewhere', () => {
  const laid = layDecoys(root, ['/root/.ssh', '/run']);
  expect(laid.map(({ path }) => path)).toEqual(
    Object.keys(DECOYS).filter((path) => !path.startsWith('/root/.ssh/') && !path.startsWith('/run/')),
  );
  expect(existsSync(join(root, 'root/.ssh'))).toBe(false);
  expect(findTouched(laid)).toEqual([]);
  readFileSync(join(root, '/etc/shadow'));
  expect(findTouched(laid)).toEqual(['/etc/shadow']);
  for (const { descriptor } of laid) closeSync(descriptor);
});

it('writes over no file that is there', () => {
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/shadow'), 'the real one');
  expect(() => layDecoys(root)).toThrow('EEXIST');
  expect(readFileSync(join(root, 'etc/shadow'), 'utf8')).toBe('the real one');
});
