import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './line-diff.ts';

describe('diffLines', () => {
  it('is empty for equal texts', () => {
    expect(diffLines('f', 'a\nb\n', 'a\nb\n')).toBe('');
  });

  it('shows three lines of context and joins changes that are near', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
    expect(diffLines('f', before, before.replace('d\n', 'D\n').replace('h\n', ''))).toBe(
      ['--- f', '+++ f', '@@ -1,8 +1,7 @@', ' a', ' b', ' c', '-d', '+D', ' e', ' f', ' g', '-h', ''].join('\n'),
    );
  });

  it('marks a new file and a missing last line end', () => {
    expect(diffLines('f', undefined, 'a')).toBe(
      ['--- /dev/null', '+++ f', '@@ -0,0 +1 @@', '+a', '\\ No newline at end of file', ''].join('\n'),
    );
  });

  it('masks what it shows', () => {
    expect(diffLines('f', 'x\nkey\n', 'x\n', (line) => line.replace('key', '***'))).toContain('-***');
  });

  it('can be applied by `patch`, whatever the texts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-diff-'));
    const path = join(folder, 'f');
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 20 })
      .chain((lines) => fc.constantFrom(lines.join('\n'), `${lines.join('\n')}\n`))
      .filter((t) => t !== '');
    try {
      fc.assert(
        fc.property(text, text, (before, after) => {
          writeFileSync(path, before);
          const diff = diffLines('f', before, after);
          if (diff !== '') execFileSync('patch', ['-s', '-p0', 'f'], { cwd: folder, input: diff });
          expect(readFileSync(path, 'utf8')).toBe(after);
        }),
        { numRuns: 60 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
