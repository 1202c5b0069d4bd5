import { limits } from '../base/limits.ts';
import { readAtoms } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { foldText } from './fold-text.ts';

/** Words shorter than this, or without a digit, are too common to be a secret by themselves. */
const TOKEN = /[\p{L}\p{N}][\p{L}\p{N}_+/=.-]{5,}/gu;
/** Words in a row that show that a confidential text was copied. */
const RUN = 8;
/** Fewer digits than these are a number like any other; more are no account, card or telephone. */
const DIGITS = { least: 9, most: 40 } as const;

/** Values of secret results, and texts that never leave, in a form that finds them again in what goes out. */
export class SecretValues {
  readonly #values = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #rare = new Set<string>();
  /** Accounts, cards and telephones, by how many digits they have: however they are spaced, the digits stay. */
  readonly #digits = new Map<number, Set<string>>();
  #isFull = false;

  constructor(confidential: readonly string[]) {
    for (const text of confidential) {
      for (const run of listRuns(text)) this.#runs.add(run);
      for (const token of listRare(text)) this.#rare.add(token);
    }
  }

  get size(): number {
    return this.#isFull ? Number.POSITIVE_INFINITY : this.#values.size;
  }

  add(text: string): void {
    if (this.#isFull) return;
    for (const atom of readAtoms(text)) {
      if (atom.key.length > 9) this.#values.add(atom.key);
      if (atom.kind === 'account' || atom.kind === 'phone' || atom.kind === 'number') this.#addDigits(atom.canonical);
    }
    for (const token of text.match(TOKEN) ?? [])
      if (/\d/.test(token) || token.length > 15) this.#values.add(foldText(token));
    if (this.#values.size <= limits.flowValues) return;
    this.fill();
  }

  /** They cannot be told apart any more: from now on anything may be one. */
  fill(): void {
    this.#isFull = true;
    this.#values.clear();
    this.#digits.clear();
  }

  #addDigits(text: string): void {
    const digits = text.replace(/\D/g, '');
    if (digits.length < DIGITS.least || digits.length > DIGITS.most) return;
    const alike = this.#digits.get(digits.length) ?? new Set();
    this.#digits.set(digits.length, alike.add(digits));
  }

  #holdsDigits(text: string): boolean {
    if (this.#digits.size === 0) return false;
    const digits = text.normalize('NFKC').replace(/\D/g, '');
    for (const [length, alike] of this.#digits)
      for (let at = 0; at + length <= digits.length; at++) if (alike.has(digits.slice(at, at + length))) return true;
    return false;
  }

  /** Whether a text holds a secret value, plainly or in one of the usual encodings. */
  isIn(text: string): boolean {
    if (this.#isFull) return text !== '';
    return [text, ...listHiddenTexts(text)].some(
      (form) =>
        this.#holdsDigits(form) ||
        readAtoms(form).some((atom) => this.#values.has(atom.key)) ||
        (form.match(TOKEN) ?? []).some((token) => this.#values.has(foldText(token))),
    );
  }

  /** Whether a text holds a code or the like of a text that never leaves, other than what the user wrote. */
  holdsRare(text: string, written: string): boolean {
    if (this.#rare.size === 0) return false;
    const known = new Set(listRare(written));
    return [text, ...listHiddenTexts(text)].some((form) =>
      listRare(form).some((token) => this.#rare.has(token) && !known.has(token)),
    );
  }

  holdsConfidential(text: string): boolean {
    if (this.#runs.size === 0) return false;
    return [text, ...listHiddenTexts(text)].some((form) => listRuns(form).some((run) => this.#runs.has(run)));
  }
}

/** Words of letters and digits, which hardly stand in two texts by chance. Addresses are meant to be handed out. */
function listRare(text: string): string[] {
  const folded = foldText(text);
  const isPublic = new Uint8Array(folded.length);
  for (const { kind, start, end } of readAtoms(folded))
    if (kind === 'email' || kind === 'url' || kind === 'date' || kind === 'file') isPublic.fill(1, start, end);
  return [...folded.matchAll(TOKEN)].flatMap(({ 0: token, index }) => {
    const bare = token.replace(/[_+/=.-]+$/, '');
    return bare.length > 5 && /\d/.test(bare) && /\p{L}/u.test(bare) && isPublic[index] === 0 ? [bare] : [];
  });
}

function listRuns(text: string): string[] {
  const words = foldText(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length < RUN) return words.length === 0 ? [] : [words.join(' ')];
  return words.slice(RUN - 1).map((_, i) => words.slice(i, i + RUN).join(' '));
}
