import type { Detector, Finding } from './detector.ts';

/**
 * Flags text in tool results that speaks to a model instead of about something. A signal for people and for labels,
 * never a defence: whoever writes such text can write it differently, and everything that protects a call holds when
 * this finds nothing.
 */
export const injectedText: Detector = {
  name: 'injected-text',
  detect(text) {
    const lower = lowerCase(text);
    const found: Finding[] = [];
    for (const rule of rules) {
      for (const opening of rule.openings) {
        for (let at = lower.indexOf(opening); at >= 0; at = lower.indexOf(opening, at + opening.length)) {
          if (isLetter(lower, at) && isLetter(lower, at - 1)) continue; // the middle of a word
          rule.pattern.lastIndex = at;
          const match = rule.pattern.exec(lower);
          if (!match) continue;
          found.push(toFinding(rule, at, at + match[0].length));
          if (found.length >= MAX_FINDINGS) return found;
        }
      }
    }
    return found.sort((a, b) => a.start - b.start);
  },
};

/** A text that is all instructions is known to be one after this many. */
const MAX_FINDINGS = 100;

interface Rule {
  readonly kind: string;
  /** How every match begins, in lower case: the pattern is tried nowhere else. */
  readonly openings: readonly string[];
  /** Sticky, and every repetition bounded: a try costs the same however long the text is. */
  readonly pattern: RegExp;
  readonly severity: Finding['severity'];
  readonly confidence: Finding['confidence'];
}

function toFinding(rule: Rule, start: number, end: number): Finding {
  const { kind, severity, confidence } = rule;
  return { detector: 'injected-text', kind, start, end, severity, confidence };
}

/** Lower case without moving anything: a few letters are longer in lower case. */
function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 97 && code <= 122;
}

/** `openings` are separated by ` | `; `rest` is what follows one of them. */
function rule(kind: string, openings: string, rest: string, confidence: Finding['confidence']): Rule {
  const list = openings.split(' | ');
  const opening = list.map((one) => one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return {
    kind,
    openings: list,
    pattern: new RegExp(`(?:${opening})${rest}`, 'y'),
    severity: confidence === 'high' ? 'high' : 'medium',
    confidence,
  };
}

const GAP = '[^.\\n]{0,40}?';
const MODELS = '(?:the |all |any )?(?:ai|llm|language)?[ -]?(?:assistant|agent|model|chatbot|llm)s?\\b';
const SECRETS =
  '(?:passwords?|api keys?|credentials?|system prompt|secrets?|access tokens?|private keys?|ssh keys?|\\.env)\\b';

const rules: readonly Rule[] = [
  rule(
    'overriding-instructions',
    'ignore | disregard | forget | override | bypass | do not follow | stop following',
    `\\b${GAP}\\b(?:previous|prior|above|earlier|all|any|your|preceding|system|original)\\b${GAP}\\b(?:instructions?|prompts?|directives?|guidelines?|rules)\\b`,
    'high',
  ),
  rule(
    'new-instructions',
    'your new | your real | your actual | your true | your updated | your only | the new | the real | the actual | with new | new',
    ' (?:instructions?|task|objective)s?(?: (?:is|are|to)\\b|:)',
    'medium',
  ),
  rule(
    'addressing-the-model',
    'attention | important | note | message | instruction | instructions | dear | hey | hello',
    `\\b[^\\w\\n]{1,6}(?:to|for)?[^\\w\\n]{0,3}${MODELS}`,
    'medium',
  ),
  rule(
    'role-marker',
    '<|im_start | <|im_end | <|system | <|user | <|assistant | [inst] | [/inst] | <system | </system | <important> | </important> | <information> | </information>',
    '[|>]?',
    'high',
  ),
  rule('role-marker', '# system | # instruction', '(?: prompt| message|s)?:?\\s{0,4}(?:\\n|$)', 'medium'),
  rule(
    'role-marker',
    '\nsystem | \nassistant',
    ' {0,2}: {0,2}(?:you|ignore|new|override|please|the user|from now)\\b',
    'high',
  ),
  rule('changing-the-role', 'you are now', ' (?:an? |in (?:\\w{1,20} )?mode|the |my )', 'low'),
  rule('changing-the-role', 'from now on', ',? (?:you|always|never|only|respond|act)\\b', 'medium'),
  rule('changing-the-role', 'pretend', ' (?:to be|you are|that you)\\b', 'low'),
  rule('changing-the-role', 'developer mode', `\\b${GAP}\\b(?:enabled|on)\\b`, 'medium'),
  rule(
    'hiding-from-the-user',
    "do not | don't | don’t | never | without",
    ` (?:tell|telling|mention|mentioning|inform|informing|notify|notifying|reveal|revealing|alert|alerting)\\b${GAP}\\b(?:user|human|owner|operator|anyone|this|them)\\b`,
    'high',
  ),
  rule(
    'asking-for-secrets',
    'send | forward | email | post | upload | reveal | print | output | repeat | share | exfiltrate | include | transmit',
    `\\b${GAP}\\b${SECRETS}`,
    'medium',
  ),
  rule(
    'precondition',
    'before you | before completing | before answering | before continuing | before proceeding | before using | before solving',
    `\\b${GAP}\\b(?:must|have to|need to|should|required to)\\b`,
    'low',
  ),
  rule('precondition', 'in order to', `\\b${GAP}\\byou (?:must|need to|have to|should) first\\b`, 'low'),
  rule(
    'calling-a-tool',
    'call the | use the | invoke the | run the | execute the',
    ' [`\'"]?[a-z0-9_.-]{2,40}[`\'"]? (?:tool|function)\\b',
    'low',
  ),
];
