import type { Detector, Finding } from './detector.ts';

/** Rows of short groups with the same mark between them, and pieces of text that a program would join. */
const GROUPS =
  /(?<![A-Za-z0-9_/+=])[A-Za-z0-9_/+=]{1,8}(?:([ .,_|:;/~-])[A-Za-z0-9_/+=]{1,8})(?:\1[A-Za-z0-9_/+=]{1,8}){2,80}/g;
const JOINED = /["'`]\s{0,4}(?:\+|\.\.?|&|,)?\s{0,4}["'`]/g;

/**
 * Looks for secrets in what a text becomes when its pieces are put together again: `A K I A …`, `AKIA-IOSF-…`,
 * `"AKIA" + "IOSF…"`. `shapes` is what tells a secret.
 */
export function findSplitSecrets(text: string, shapes: Detector): readonly Finding[] {
  const found: Finding[] = [];
  for (const match of text.matchAll(GROUPS)) {
    const joined = match[0].replaceAll(match[1] ?? '', '');
    const [first] = joined.length < 16 || !/\d|[A-Z]{2}/.test(joined) ? [] : shapes.detect(joined);
    if (first) found.push(toFinding(first, match.index, match.index + match[0].length));
    if (found.length >= 20) return found;
  }
  const joined = text.replace(JOINED, '');
  if (joined !== text) {
    const whole = new Set(shapes.detect(text).map(({ kind }) => kind));
    for (const one of shapes.detect(joined))
      if (!whole.has(one.kind) && one.confidence === 'high') found.push(toFinding(one, 0, text.length));
  }
  return found;
}

/** Secrets that only the texts of a value together make, in their order: up to six texts, each of 512 characters at most. */
export function findScatteredSecrets(texts: readonly string[], shapes: Detector): readonly Finding[] {
  const found: Finding[] = [];
  const pieces = texts.slice(0, MOST_PIECES).map((text) => (text.length <= 512 ? text.trim() : ''));
  for (const [from, first] of pieces.entries()) {
    if (first === '') continue;
    const joined = pieces.slice(from, from + 6).join('');
    // A secret that begins in the first piece and goes on beyond it.
    const secret = shapes
      .detect(joined)
      .find(({ start, end, confidence }) => confidence === 'high' && start < first.length && end > first.length);
    if (secret && shapes.detect(first).every(({ kind }) => kind !== secret.kind)) found.push(toFinding(secret, 0, 0));
  }
  return found;
}

/** Texts of one value that are tried as beginnings. */
const MOST_PIECES = 200;

function toFinding(secret: Finding, start: number, end: number): Finding {
  return { ...secret, detector: 'split-secrets', kind: `split-${secret.kind}`, start, end };
}
