import type { Manifest } from '../model/manifest.ts';
import type { Scanner } from '../ports/scanner.ts';
import { namedSourceRule } from './scan-rules.ts';
import { type ShownFindings, showFindings } from './show-findings.ts';

/**
 * Looks at a text as content of a source, and says what was found: nothing is recorded, and nothing rests on it. Rejects
 * with a `Fault` E_SCAN where it could not be looked at.
 */
export async function scanContent(
  scanner: Scanner,
  manifest: Manifest,
  text: string,
  source: string,
): Promise<ShownFindings> {
  const rule = namedSourceRule(manifest, source);
  return showFindings(await scanner.scanResult({ content: [{ type: 'text', text }] }, rule, text.length), source);
}
