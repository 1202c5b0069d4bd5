import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

function readAll(
  chunks: readonly string[],
  onOverflow: 'cut' | 'stop' = 'stop',
): { lines: string[]; overflows: number } {
  const lines: string[] = [];
  let overflows = 0;
  const stop = () => {
    overflows++;
  };
  const reader = new LineReader(5, (line) => lines.push(line.toString('utf8')), onOverflow === 'cut' ? 'cut' : stop);
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return { lines, overflows };
}

describe('LineReader', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [['a', 'b\n', 'c'], ['ab']],
    [['\n\na\n'], ['a']],
    [['12345\n'], ['12345']],
  ])('reads %j', (chunks, lines) => {
    expect(readAll(chunks).lines).toEqual(lines);
  });

  it.each([
    [['123456\nab\n'], ['12345', 'ab']],
    [
      ['1234', '5678', '90\nab\n'],
      ['12345', 'ab'],
    ],
  ])('cuts long lines of %j', (chunks, lines) => {
    expect(readAll(chunks, 'cut').lines).toEqual(lines);
  });

  it.each([[['a\n123456\nb\n']], [['a\n1234', '56', '78\nb\n']]])('stops for good at a long line of %j', (chunks) => {
    expect(readAll(chunks)).toEqual({ lines: ['a'], overflows: 1 });
  });
});
