import type { JsonValue } from '../base/json.ts';
import type { Detector, Finding } from './detector.ts';
import { listTexts } from './list-texts.ts';
import { scanText } from './scan-text.ts';

/**
 * Runs detectors over every text in a JSON value, members' names included. Each finding has the pointer to its text;
 * for a member's name that is the member's pointer and `#`.
 */
export function scanJson(value: JsonValue, detectors: readonly Detector[], path = ''): readonly Finding[] {
  const found: Finding[] = [];
  for (const { text, path: at } of listTexts(value, path)) {
    for (const finding of scanText(text, detectors)) found.push({ ...finding, path: at });
  }
  return found;
}
