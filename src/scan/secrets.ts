import type { Detector, Finding } from './detector.ts';
import { AnchorFinder } from './find-anchors.ts';
import { type SecretFormat, secretFormats } from './secret-formats.ts';

/**
 * Finds credentials by how their issuers write them. A key without a known form is not found: what the broker itself
 * holds is kept from results by identity, not by looks.
 */
export const secrets: Detector = {
  name: 'secrets',
  detect(text) {
    const places = finder.find(text);
    if (places.size === 0) return [];
    const found = matchAll(text, places);
    // What stands right before or after a secret may be another one: look again with those found taken for spaces.
    for (let round = 0, seen = 0; round < 3 && found.length > seen && found.length < MANY; round++) {
      seen = found.length;
      const masked = maskSpans(text, found);
      for (const finding of matchAll(masked, finder.find(masked))) found.push(finding);
    }
    return found.sort((a, b) => a.start - b.start || b.end - a.end);
  },
};

/** So many secrets in one text are a list of them: no second look for ones without a gap. */
const MANY = 200;

function matchAll(text: string, allPlaces: ReadonlyMap<number, readonly number[]>): Finding[] {
  const found: Finding[] = [];
  for (const [index, places] of allPlaces) {
    const format = anchors[index]?.format;
    if (!format) continue;
    let lastEnd = -1;
    for (const at of places) {
      if (at < lastEnd) continue;
      const finding = matchAt(text, at, format, at === lastEnd);
      if (finding) found.push(finding);
      lastEnd = finding?.end ?? lastEnd;
    }
  }
  return found;
}

function maskSpans(text: string, spans: readonly Finding[]): string {
  let masked = '';
  let from = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start < from) continue;
    masked += text.slice(from, start) + ' '.repeat(end - start);
    from = end;
  }
  return masked + text.slice(from);
}

const anchors = secretFormats.flatMap((format) => format.anchors.map((anchor) => ({ anchor, format })));
const finder = new AnchorFinder(
  anchors.map(({ anchor }) => anchor),
  false,
);

function matchAt(text: string, at: number, format: SecretFormat, followsAnother: boolean): Finding | undefined {
  if (!format.anywhere && !followsAnother && at > 0 && /[A-Za-z0-9_]/.test(text.charAt(at - 1))) return undefined;
  format.pattern.lastIndex = at;
  const match = format.pattern.exec(text);
  if (!match) return undefined;
  const [start, end] = match.indices?.groups?.['secret'] ?? [at, at + match[0].length];
  if (format.isPlausible && !format.isPlausible(text.slice(start, end))) return undefined;
  return {
    detector: 'secrets',
    kind: format.kind,
    start,
    end,
    severity: format.severity,
    confidence: format.severity === 'high' ? 'high' : 'medium',
  };
}
