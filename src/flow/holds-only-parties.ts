import { readAtoms } from './atoms.ts';
import { stripInvisible } from './fold-text.ts';

const PARTY: ReadonlySet<string> = new Set(['email', 'account', 'phone']);
const LONGEST = 1_000;

/** Whether a text is an address, an account or a phone number, or several, and nothing besides. */
export function holdsOnlyParties(text: string): boolean {
  if (text.length > LONGEST) return false;
  const visible = stripInvisible(text);
  const atoms = readAtoms(visible);
  if (atoms.length === 0 || !atoms.every(({ kind }) => PARTY.has(kind))) return false;
  const rest = atoms.reduceRight((left, { start, end }) => left.slice(0, start) + left.slice(end), visible);
  return rest.replace(/[\s,;<>]/g, '') === '';
}
