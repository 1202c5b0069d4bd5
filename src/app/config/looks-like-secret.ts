import { secrets } from '../../scan/secrets.ts';

/**
 * Whether a literal in a configuration is probably a credential. A convenience that warns; nothing rests on it, and
 * both kinds of error are expected.
 */
export function looksLikeSecret(value: string, name = ''): boolean {
  if (secrets.detect(value).length > 0) return true;
  if (value.length < 8 || PLACEHOLDER.test(value) || REFERENCE_LIKE.test(value)) return false;
  return NAMES_A_SECRET.test(name) || (value.length >= 24 && DENSE.test(value) && bitsPerCharacter(value) >= 4);
}

const NAMES_A_SECRET =
  /(token|secret|passw(or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie)/i;
const PLACEHOLDER = /^(<.*>|\$\{.*\}|\*+|x+|your[-_ ].*|change[-_]?me.*|example.*|placeholder.*)$/i;
const REFERENCE_LIKE = /^(\/|\.{1,2}\/|[a-z][a-z0-9+.-]*:\/\/|env:|file:)/i;
const DENSE = /^[\w+/=.~-]+$/;

function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
