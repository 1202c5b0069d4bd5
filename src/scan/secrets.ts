import type { Detector, Finding } from './detector.ts';
import { type SecretFormat, secretFormats } from './secret-formats.ts';

/**
 * Finds credentials by how their issuers write them. A key without a known form is not found: what the broker itself
 * holds is kept from results by identity, not by looks.
 */
export const secrets: Detector = {
  name: 'secrets',
  detect(text) {
    const found: Finding[] = [];
    for (const format of secretFormats) {
      for (const anchor of format.anchors) {
        let at = text.indexOf(anchor);
        let lastEnd = -1;
        while (at >= 0) {
          const finding = matchAt(text, at, format, at === lastEnd);
          if (finding) found.push(finding);
          lastEnd = finding?.end ?? lastEnd;
          at = text.indexOf(anchor, finding ? Math.max(finding.end, at + anchor.length) : at + anchor.length);
        }
      }
    }
    return found.sort((a, b) => a.start - b.start || b.end - a.end);
  },
};

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
