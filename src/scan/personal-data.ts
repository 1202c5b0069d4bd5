import {
  passesCodiceFiscale,
  passesCpf,
  passesDni,
  passesIban,
  passesLuhn,
  passesNir,
  passesVerhoeff,
  passesWeights,
} from './checksums.ts';
import type { Detector, Finding } from './detector.ts';
import { surveyText } from './survey-text.ts';

/**
 * Personal and payment data by form, and by check digits where the form has some: card numbers, IBANs, national ids of
 * several countries, e-mail addresses, telephone numbers. Names and postal addresses have no form and are not found.
 */
export const personalData: Detector = {
  name: 'personal-data',
  detect(text) {
    const found: Finding[] = [];
    const add = (rule: Rule, start: number, end: number) => {
      const { kind, severity, confidence } = rule;
      if (found.length < MAX_FINDINGS)
        found.push({ detector: 'personal-data', kind, start, end, severity, confidence });
    };
    // Everything but an address has six digits near each other.
    for (const { start, end } of surveyText(text).numbers) {
      const part = text.slice(start, end);
      for (const rule of NUMBER_RULES) {
        for (const match of part.matchAll(rule.pattern)) {
          const bare = match[0].replace(/[\s.\-/()]/g, '');
          if (rule.isReal(bare, part, match.index))
            add(rule, start + match.index, start + match.index + match[0].length);
        }
      }
    }
    if (text.includes('@')) {
      for (const match of text.matchAll(EMAIL.pattern)) add(EMAIL, match.index, match.index + match[0].length);
    }
    return withoutWeaker(found);
  },
};

const MAX_FINDINGS = 1_000;

interface Rule {
  readonly kind: string;
  /** Global, and linear. */
  readonly pattern: RegExp;
  /** `bare` is the match without spaces, dots, hyphens, slashes and brackets. */
  readonly isReal: (bare: string, text: string, at: number) => boolean;
  readonly severity: Finding['severity'];
  readonly confidence: Finding['confidence'];
}

/** Words that say what a number is, near before it. */
function isNamed(text: string, at: number, names: RegExp): boolean {
  return names.test(text.slice(Math.max(0, at - 40), at));
}

const CARD_PREFIX = /^(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|4[4-9]|5)|3(?:0[0-5]|[68])|35)/;
const CARD_LENGTHS = new Set([13, 14, 15, 16, 19]);

const NUMBER_RULES: readonly Rule[] = [
  {
    kind: 'card-number',
    pattern: /(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w-]|\.\d)/g,
    isReal: (bare) =>
      CARD_LENGTHS.has(bare.length) && CARD_PREFIX.test(bare) && !/^(\d)\1+$/.test(bare) && passesLuhn(bare),
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'iban',
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g,
    isReal: (bare) => bare.length <= 34 && passesIban(bare),
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'us-social-security-number',
    pattern: /(?<![\w-])(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])/g,
    isReal: (bare, text, at) =>
      text.charAt(at + 3) === '-' || (isNamed(text, at, /\b(?:ssn|social security)/i) && bare.length === 9),
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'uk-national-insurance-number',
    pattern:
      /(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])/g,
    isReal: () => true,
    severity: 'high',
    confidence: 'medium',
  },
  {
    kind: 'indian-aadhaar',
    pattern: /(?<![\w-])[2-9]\d{3}([ -]?)\d{4}\1\d{4}(?![\w-])/g,
    isReal: (bare, text, at) =>
      passesVerhoeff(bare) && (/[ -]/.test(text.charAt(at + 4)) || isNamed(text, at, /aadh?aar|uidai/i)),
    severity: 'high',
    confidence: 'medium',
  },
  {
    kind: 'brazilian-cpf',
    pattern: /(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)/g,
    isReal: passesCpf,
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'spanish-dni',
    pattern: /(?<![A-Za-z0-9])[XYZ0-9]\d{7}-?[A-HJ-NP-TV-Z](?![A-Za-z0-9])/g,
    isReal: passesDni,
    severity: 'high',
    confidence: 'medium',
  },
  {
    kind: 'italian-codice-fiscale',
    pattern: /(?<![A-Za-z0-9])[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z](?![A-Za-z0-9])/g,
    isReal: passesCodiceFiscale,
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'french-nir',
    pattern: /(?<!\w)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\w)/g,
    isReal: passesNir,
    severity: 'high',
    confidence: 'medium',
  },
  {
    kind: 'polish-pesel',
    pattern: /(?<!\w)\d{11}(?!\w)/g,
    isReal: (bare, text, at) =>
      isNamed(text, at, /pesel/i) && passesWeights(bare, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10),
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'dutch-bsn',
    pattern: /(?<!\w)\d{9}(?!\w)/g,
    isReal: (bare, text, at) =>
      isNamed(text, at, /\b(?:bsn|burgerservice|sofi)/i) && passesWeights(bare, [9, 8, 7, 6, 5, 4, 3, 2, -1], 11),
    severity: 'high',
    confidence: 'high',
  },
  {
    kind: 'phone-number',
    pattern: /(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?|\(\d{2,5}\) ?)\d(?:[ .-]?\d){5,12}(?![\w-])/g,
    isReal: (bare) => /^\+?\d{8,15}$/.test(bare),
    severity: 'low',
    confidence: 'medium',
  },
];

const EMAIL: Rule = {
  kind: 'email-address',
  pattern: /(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w@-])/g,
  isReal: () => true,
  severity: 'low',
  confidence: 'high',
};

/** Of findings at one place the first rule's counts: a card number is no telephone number. */
function withoutWeaker(found: readonly Finding[]): readonly Finding[] {
  const kept: Finding[] = [];
  let lastEnd = -1;
  const bySeverity = found.toSorted(
    (a, b) => a.start - b.start || (a.severity === 'high' ? -1 : 1) - (b.severity === 'high' ? -1 : 1),
  );
  for (const finding of bySeverity) {
    if (finding.start < lastEnd) continue;
    kept.push(finding);
    lastEnd = finding.end;
  }
  return kept;
}
