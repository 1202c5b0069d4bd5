/**
 * Whether a literal in a configuration is probably a credential. A convenience that warns; nothing rests on it, and
 * both kinds of error are expected.
 */
export function looksLikeSecret(value: string, name = ''): boolean {
  if (WELL_KNOWN.test(value)) return true;
  if (value.length < 8 || PLACEHOLDER.test(value) || REFERENCE_LIKE.test(value)) return false;
  return NAMES_A_SECRET.test(name) || (value.length >= 24 && DENSE.test(value) && bitsPerCharacter(value) >= 4);
}

/** Prefixes that issuers chose so that their credentials can be recognised. */
const WELL_KNOWN = new RegExp(
  [
    '-----BEGIN [A-Z ]*PRIVATE KEY',
    '\\b(sk|rk|pk)[-_](live|test|proj|ant|or)[-_][\\w-]{8,}',
    '\\bsk-[A-Za-z0-9]{20,}',
    '\\bgh[pousr]_[A-Za-z0-9]{20,}',
    '\\bgithub_pat_\\w{20,}',
    '\\bglpat-[\\w-]{16,}',
    '\\bxox[abeoprs]-[\\w-]{10,}',
    '\\bnpm_[A-Za-z0-9]{30,}',
    '\\b(AKIA|ASIA)[A-Z0-9]{16}\\b',
    '\\bAIza[\\w-]{30,}',
    '\\bya29\\.[\\w-]{10,}',
    '\\beyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.',
    '^(Bearer|Basic)\\s+[\\w+/=.~-]{8,}',
  ].join('|'),
);
const NAMES_A_SECRET = /(token|secret|passw(or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie)/i;
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
