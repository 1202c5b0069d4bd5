import type { Detector, Finding } from './detector.ts';
import { stripHidden } from './hidden-text.ts';

/**
 * Runs detectors over a text, and again over what is left when hidden characters are taken out, so that a zero-width
 * space inside a key or a word hides nothing. Findings only add up: none is dropped for another, except an exact
 * repetition. A detector that throws is itself a finding: not having looked is not the same as having found nothing.
 */
export function scanText(text: string, detectors: readonly Detector[]): readonly Finding[] {
  const stripped = stripHidden(text);
  const found = new Map<string, Finding>();
  const add = (finding: Finding) => {
    found.set(`${finding.detector}\n${finding.kind}\n${finding.start}\n${finding.end}`, finding);
  };
  for (const detector of detectors) {
    for (const finding of run(detector, text)) add(finding);
    if (stripped.text === text) continue;
    for (const finding of run(detector, stripped.text)) {
      // The last character's own place, plus one: hidden characters right after it are not part of it.
      const start = stripped.originalOffset(finding.start);
      const last = stripped.originalOffset(Math.max(finding.start, finding.end - 1));
      add({ ...finding, start, end: stripped.exact ? last + Math.min(1, finding.end - finding.start) : text.length });
    }
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

function run(detector: Detector, text: string): readonly Finding[] {
  try {
    return detector.detect(text);
  } catch {
    const failed = {
      kind: 'detector-failed',
      start: 0,
      end: text.length,
      severity: 'high',
      confidence: 'high',
    } as const;
    return [{ detector: detector.name, ...failed }];
  }
}
