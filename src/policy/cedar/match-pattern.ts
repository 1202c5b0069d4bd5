import type { PatternElement } from './policy-json.ts';

/**
 * The test of `like`: `*` stands for any run of characters, everything else for itself. Finds each piece at its first
 * place and never backtracks, so hostile text cannot make it slow.
 */
export function compilePattern(pattern: readonly PatternElement[]): (text: string) => boolean {
  const pieces = [''];
  for (const element of pattern) {
    if (element === 'Wildcard') pieces.push('');
    else pieces.push(`${pieces.pop() ?? ''}${element.Literal}`);
  }
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return (text) => text === first;
  const last = pieces[pieces.length - 1] ?? '';
  const inner = pieces.slice(1, -1).filter((piece) => piece !== '');
  const least = first.length + last.length;
  return (text) => {
    if (text.length < least || !text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const piece of inner) {
      const at = text.indexOf(piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return from <= text.length - last.length;
  };
}
