import { isJsonObject, type JsonValue } from '../base/json.ts';
import type { Detector, Finding } from './detector.ts';
import { scanText } from './scan-text.ts';

/**
 * Runs detectors over every text in a JSON value, members' names included. Each finding has the pointer to its text;
 * for a member's name that is the member's pointer and `#`.
 */
export function scanJson(value: JsonValue, detectors: readonly Detector[], path = ''): readonly Finding[] {
  const found: Finding[] = [];
  walkTexts(value, path, (text, at) => {
    for (const finding of scanText(text, detectors)) found.push({ ...finding, path: at });
  });
  return found;
}

function walkTexts(value: JsonValue, path: string, visit: (text: string, path: string) => void): void {
  if (typeof value === 'string') visit(value, path);
  else if (Array.isArray(value)) for (const [index, one] of value.entries()) walkTexts(one, `${path}/${index}`, visit);
  else if (isJsonObject(value)) {
    for (const [name, one] of Object.entries(value)) {
      const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      visit(name, `${inner}#`);
      walkTexts(one, inner, visit);
    }
  }
}
