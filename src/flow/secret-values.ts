import { limits } from '../base/limits.ts';
import { readAtoms } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { foldText } from './fold-text.ts';

/** Words shorter than this, or without a digit, are too common to be a secret by themselves. */
const TOKEN = /[\p{L}\p{N}][\p{L}\p{N}_+/=.-]{5,}/gu;
/** Words in a row that show that a confidential text was copied. */
const RUN = 8;

/** Values of secret results, and texts that never leave, in a form that finds them again in what goes out. */
export class SecretValues {
  readonly #values = new Set<string>();
  readonly #runs = new Set<string>();
  #isFull = false;

  constructor(confidential: readonly string[]) {
    for (const text of confidential) for (const run of listRuns(text)) this.#runs.add(run);
  }

  get size(): number {
    return this.#isFull ? Number.POSITIVE_INFINITY : this.#values.size;
  }

  add(text: string): void {
    if (this.#isFull) return;
    for (const atom of readAtoms(text)) if (atom.key.length > 9) this.#values.add(atom.key);
    for (const token of text.match(TOKEN) ?? [])
      if (/\d/.test(token) || token.length > 15) this.#values.add(foldText(token));
    if (this.#values.size <= limits.flowValues) return;
    this.fill();
  }

  /** They cannot be told apart any more: from now on anything may be one. */
  fill(): void {
    this.#isFull = true;
    this.#values.clear();
  }

  /** Whether a text holds a secret value, plainly or in one of the usual encodings. */
  isIn(text: string): boolean {
    if (this.#isFull) return text !== '';
    return [text, ...listHiddenTexts(text)].some(
      (form) =>
        readAtoms(form).some((atom) => this.#values.has(atom.key)) ||
        (form.match(TOKEN) ?? []).some((token) => this.#values.has(foldText(token))),
    );
  }

  holdsConfidential(text: string): boolean {
    if (this.#runs.size === 0) return false;
    return [text, ...listHiddenTexts(text)].some((form) => listRuns(form).some((run) => this.#runs.has(run)));
  }
}

function listRuns(text: string): string[] {
  const words = foldText(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length < RUN) return words.length === 0 ? [] : [words.join(' ')];
  return words.slice(RUN - 1).map((_, i) => words.slice(i, i + RUN).join(' '));
}
