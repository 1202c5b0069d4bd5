import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liesWithin, resolvePath } from './resolve-path.ts';

describe('resolvePath', () => {
  it.each([
    ['/data/./a//b/../c', '/data/a/c'],
    ['/../../etc', '/etc'],
    ['//data/x', '/data/x'],
    ['a/b/..', 'a'],
    ['.', '.'],
    ['/', '/'],
    ['C:\\Data\\x\\..\\y.txt', 'c:\\Data\\y.txt'],
    ['c:/Data', 'c:\\Data'],
    ['\\\\Server\\Share\\a', '\\\\server\\share\\a'],
    ['/data/100% done….txt', '/data/100% done….txt'],
  ])('resolves %j', (path, text) => {
    expect(resolvePath(path)).toMatchObject({ ok: true, text });
  });

  it.each([
    [''],
    ['../x'],
    ['a/../../x'],
    ['/data/x\0.txt'],
    ['/data/x\n'],
    ['~/x'],
    ['~root/x'],
    ['/data/%2e%2e/x'],
    ['/data/..%2fx'],
    ['/data/%252e%252e/x'],
    ['/data/%c0%ae%c0%ae/x'],
    ['/data/．．/x'],
    ['/data／..／x'],
    ['/data/‥/x'],
    ['/data\\..\\x'],
    ['file:///etc/passwd'],
    ['https://a/b'],
    ['/data/$HOME/x'],
    ['/data/$(id)'],
    ['/data/`id`'],
    ['%APPDATA%/x'],
    ['C:x'],
    ['\\\\?\\C:\\x'],
    ['\\\\.\\pipe\\x'],
    ['\\\\server'],
    ['C:\\data\\.. \\x'],
    ['C:\\data\\x.'],
    ['C:\\data\\x.txt:stream'],
    ['C:\\data\\nul.txt'],
  ])('refuses %j', (path) => {
    expect(resolvePath(path)).toEqual({ ok: false, message: expect.any(String) });
  });

  it.each(['./C:', 'a/../C:', '. ./../C:', 'a/../~', './~/x'])(
    'refuses %s, which the next reader would resolve again',
    (path) => {
      expect(resolvePath(path).ok).toBe(false);
    },
  );

  it('never resolves to a place with a name that climbs, and resolves what it resolved to itself', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b.txt', '...', '. .', 'C:', '~', '%2e');
    fc.assert(
      fc.property(
        fc.array(part),
        fc.constantFrom('/', '\\'),
        fc.constantFrom('', '/', 'C:\\', '\\\\s\\h\\'),
        (parts, by, start) => {
          const resolved = resolvePath(start + parts.join(by));
          if (!resolved.ok) return;
          expect(resolved.segments).not.toContain('..');
          expect(resolvePath(resolved.text)).toEqual(resolved);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('liesWithin', () => {
  it.each([
    ['/data', '/data', true],
    ['/data/a', '/data', true],
    ['/database', '/data', false],
    ['/Data/a', '/data', false],
    ['data/a', '/data', false],
    ['data/a', '.', true],
    ['/data', '.', false],
    ['/etc', '/', true],
    ['c:\\DATA\\a', 'C:\\data', true],
    ['d:\\data\\a', 'c:\\data', false],
    ['\\\\s\\h\\a', '\\\\s\\h', true],
    ['\\\\s\\other\\a', '\\\\s\\h', false],
  ])('%j in %j: %s', (inner, outer, within) => {
    expect(liesWithin(resolvePath(inner), resolvePath(outer))).toBe(within);
  });
});
