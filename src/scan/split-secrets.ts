import type { Detector, Finding } from './detector.ts';

/** Rows of short groups with the same mark between them, and pieces of text that a program would join. */
const GROUPS = /[A-Za-z0-9_/+=]{1,8}(?:([ .,_|:;/~-])[A-Za-z0-9_/+=]{1,8})(?:\1[A-Za-z0-9_/+=]{1,8}){2,80}/g;
const JOINED = /["'`]\s{0,4}(?:\+|\.\.?|&|,)?\s{0,4}["'`]/g;

/**
 * Looks for secrets in what a text becomes when its pieces are put together again: `A K I A …`, `AKIA-IOSF-…`,
 * `"AKIA" + "IOSF…"`. `shapes` is what tells a secret.
 */
export function findSplitSecrets(text: string, shapes: Detector): readonly Finding[] {
  const found: Finding[] = [];
  for (const match of text.matchAll(GROUPS)) {
    const joined = match[0].replaceAll(match[1] ?? '', '');
    const [first] = joined.length < 16 ? [] : shapes.detect(joined);
    if (first) found.push(toFinding(first, match.index, match.index + match[0].length));
    if (found.length >= 20) return found;
  }
  const joined = text.replace(JOINED, '');
  if (joined !== text) {
    const whole = new Set(shapes.detect(text).map(({ kind }) => kind));
    for (const one of shapes.detect(joined)) if (!whole.has(one.kind) && one.confidence === 'high') found.push(toFinding(one, 0, text.length));
  }
  return found;
}

/** Secrets that only the texts of a value together make, in their order. At most 10,000 characters are joined. */
export function findScatteredSecrets(texts: readonly string[], shapes: Detector): readonly Finding[] {
  const pieces = texts.filter((text) => text.length <= 512).map((text) => text.trim());
  const ends = new Set<number>();
  let joined = '';
  for (const piece of pieces) {
    if (joined.length + piece.length > 10_000) break;
    joined += piece;
    ends.add(joined.length);
  }
  return shapes
    .detect(joined)
    .filter(({ start, end, confidence }) => confidence === 'high' && [...ends].some((edge) => edge > start && edge < end))
    .filter(({ start }) => start === 0 || ends.has(start) || !/[A-Za-z0-9]/.test(joined.charAt(start - 1)))
    .map((finding) => toFinding(finding, 0, 0));
}

function toFinding(secret: Finding, start: number, end: number): Finding {
  return { ...secret, detector: 'split-secrets', kind: `split-${secret.kind}`, start, end };
}
