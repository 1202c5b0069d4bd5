import type { JsonValue } from '../../base/json.ts';
import type { Path } from './locate.ts';
import { looksLikeSecret } from './looks-like-secret.ts';

/** Keys below which a value may be a secret somebody wrote down by mistake, so that it is never quoted back. */
const UNQUOTED = new Set(['env', 'headers', 'args', 'url', 'secret', 'key']);

/** What was found, for a message: `the number 5`, `a list`, `nothing`. Never quotes what may be a secret. */
export function describeValue(value: JsonValue | undefined, path: Path): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (path.some((step) => UNQUOTED.has(String(step)))) {
    return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'true or false';
  }
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `\`${value}\``;
  if (value === '') return 'empty text';
  if (value.length > 80 || /\p{C}/u.test(value) || looksLikeSecret(value)) return 'text';
  return `\`${value}\``;
}
