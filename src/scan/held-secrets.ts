import type { JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { revealText, type Secret } from '../base/secret.ts';
import type { Finding } from './detector.ts';
import { listTexts } from './list-texts.ts';
import { unfold } from './unfold.ts';

/** What is shorter could be any word. */
const LEAST_CHARS = 8;

/**
 * The secrets this gateway itself was given, for its servers and for nobody else. No agent is ever told one: arguments
 * that hold one show that it got out, and it does not get any further. One that was replaced is still held, until
 * somebody knows that it is good for nothing.
 */
export class HeldSecrets {
  readonly #values = new Set<string>();
  #forms: ReadonlySet<string> = new Set();

  add(secrets: Iterable<Secret>): void {
    const before = this.#values.size;
    for (const secret of secrets) this.#values.add(revealText(secret));
    if (this.#values.size > before) this.#listForms();
  }

  remove(secrets: Iterable<Secret>): void {
    for (const secret of secrets) this.#values.delete(revealText(secret));
    this.#listForms();
  }

  #listForms(): void {
    const forms = new Set<string>();
    for (const value of this.#values) {
      // A header's credentials are a secret without their scheme too.
      const credentials = /^(?:bearer|basic|digest|token|apikey)\s+(\S.*)$/is.exec(value)?.[1];
      for (const form of [value, value.trim(), credentials ?? '', ...value.split(/\r?\n/)])
        if (form.length >= LEAST_CHARS) forms.add(form);
    }
    this.#forms = forms;
  }

  /** Where a secret stands in a value, as it is or under layers of encoding. Never says which, by its path neither. */
  findIn(value: JsonValue): readonly Finding[] {
    if (this.#forms.size === 0) return [];
    const found: Finding[] = [];
    for (const { text, path } of listTexts(value)) {
      if (text.length < LEAST_CHARS || !this.#isIn(text)) continue;
      found.push({
        detector: 'held-secrets',
        kind: 'held-secret',
        path: this.#isIn(path) ? '' : path,
        start: 0,
        end: text.length,
        severity: 'high',
        confidence: 'high',
      });
    }
    return found;
  }

  #isIn(text: string): boolean {
    const holds = (one: string) => {
      for (const form of this.#forms) if (one.includes(form)) return true;
      return false;
    };
    // Of what is long, other detectors look through the layers.
    return holds(text) || (text.length <= limits.scanInlineChars && unfold(text).texts.some((one) => holds(one.text)));
  }
}
