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

  it('leads from one text to the other, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 20 })
      .chain((lines) => fc.constantFrom(lines.join('\n'), `${lines.join('\n')}\n`));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(applyDiff(before, diffLines('f', before, after))).toBe(after);
      }),
      { numRuns: 300 },
    );
  });
});

/** Applies a unified diff as its format says, and checks what it says about the lines it does not change. */
function applyDiff(before: string, diff: string): string {
  const from = before.split(/(?<=\n)/);
  const to: string[] = [];
  let at = 0;
  for (const hunk of diff.split(/^(?=@@ )/m).slice(1)) {
    const [head = '', ...lines] = hunk.split(/(?<=\n)/);
    const [, start = '', count = '1', toStart = '', toCount = '1'] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(head) ?? [];
    const first = Number(start) - (count === '0' ? 0 : 1);
    to.push(...from.slice(at, first));
    at = first;
    expect(to.length).toBe(Number(toStart) - (toCount === '0' ? 0 : 1));
    for (const [index, line] of lines.entries()) {
      if (line.startsWith('\\')) continue;
      const content = lines[index + 1]?.startsWith('\\') ? line.slice(1, -1) : line.slice(1);
      if (!line.startsWith('+')) expect(from[at++]).toBe(content);
      if (!line.startsWith('-')) to.push(content);
    }
  }
  return [...to, ...from.slice(at)].join('');
}
