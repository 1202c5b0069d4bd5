import type { Detector, Finding } from './detector.ts';
import { AnchorFinder } from './find-anchors.ts';

/**
 * Flags text in tool results that speaks to a model instead of about something. A signal for people and for labels,
 * never a defence: whoever writes such text can write it differently, and everything that protects a call holds when
 * this finds nothing.
 */
export const injectedText: Detector = {
  name: 'injected-text',
  detect(text) {
    const places = finder.find(text);
    if (places.size === 0) return [];
    const lower = lowerCase(text);
    const found: Finding[] = [];
    for (const [index, rule] of openings.entries()) {
      for (const at of places.get(index) ?? []) {
        if (isLetter(lower, at) && isLetter(lower, at - 1)) continue; // the middle of a word
        rule.pattern.lastIndex = at;
        const match = rule.pattern.exec(lower);
        if (!match) continue;
        found.push(toFinding(rule, at, at + match[0].length));
        if (found.length >= MAX_FINDINGS) return found;
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
  '(?:passwords?|environment variables|tool definitions|initial instructions|hidden instructions|api keys?|credentials?|system prompt|secrets?|access tokens?|private keys?|ssh keys?|\\.env)\\b';

const SECRET_FILES =
  '(?:~|/root|/home/[a-z0-9_.-]{1,30})/\\.(?:ssh|aws|gnupg|kube|config|netrc)|id_(?:rsa|ed25519|ecdsa)|/etc/(?:passwd|shadow)|\\.env\\b|credentials\\.json|mcp\\.json';

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
  rule(
    'role-marker',
    '[system] | [system message] | [system prompt] | [assistant] | [admin] | [developer] | <<sys>> | [system:',
    '',
    'medium',
  ),
  rule(
    'role-marker',
    'system: | system update: | system override: | system message: | system notice: | admin override: | developer message:',
    ` {0,3}(?:you|ignore|disregard|new|override|please|the user|from now|always|never|forget|execute|forward|send|call)\\b${GAP}`,
    'medium',
  ),
  rule('changing-the-role', 'you are now', ' (?:an? |in (?:\\w{1,20} )?mode|the |my )', 'low'),
  rule(
    'changing-the-role',
    'act as | role-play as | roleplay as | respond as | you will be | you are going to be',
    `\\b${GAP}(?:\\bunrestricted|\\bunfiltered|\\buncensored|\\bno (?:rules|restrictions|limits|limitations|filters?|ethic)|\\bdo anything|\\banything now|\\bjailbroken|\\bevil\\b)`,
    'high',
  ),
  rule(
    'dropping-limits',
    'comply with | answer any | answer all | answer every | fulfill any | fulfil any | fulfill every | obey every | obey all',
    `\\b${GAP}\\b(?:requests?|questions?|prompts?|commands?|orders?)\\b${GAP}\\b(?:without|regardless|no matter|however)\\b`,
    'high',
  ),
  rule(
    'dropping-limits',
    'do anything now | ignore your safety | ignore safety | bypass your safety | bypass safety | disable your safety | disable safety',
    `(?: (?:filters?|guidelines?|instructions?|rules?|checks?|policy|policies|restrictions?|training)|\\b(?=${GAP}\\b(?:you|dan)\\b))`,
    'high',
  ),
  rule(
    'granting-authority',
    'you now have | you have been granted | you are now authorized | you are now authorised | you have been authorized | you are granted',
    `\\b${GAP}\\b(?:admin|administrator|root|elevated|superuser|unrestricted|full) ?(?:access|rights?|privileges?|permissions?|mode|user)?`,
    'high',
  ),
  rule(
    'speaking-for-the-user',
    'the user has already | the user already | the user has authorized | the user has authorised | the user has approved | the user also wants | the user wants you | the user asked you | your user has | your user wants',
    `\\b${GAP}\\b(?:you to|approved|authori[sz]ed|consented|agreed|confirmed|permission)\\b`,
    'medium',
  ),
  rule(
    'precondition',
    'before you can | before you may',
    ` (?:solve|complete|finish|continue|proceed|answer|help|start)\\b${GAP}\\b(?:task|request|question|user)`,
    'medium',
  ),
  rule(
    'precondition',
    'before returning | before using | before calling | before invoking | before responding | before any other | before proceeding | prior to using | whenever this tool | when this tool | every time this tool',
    '\\b[^.\\n]{0,60}?[,:]? (?:you must |please |always |first )?(?:first )?(?:call|read|run|execute|send|invoke|fetch|output|open)\\b',
    'medium',
  ),
  rule(
    'precondition',
    'before using | before calling | before running | before returning | before any | first | to use this tool | in order to use',
    `\\b[^\\n]{0,80}?\\b(?:read|open|cat|load|fetch|include|attach|pass)\\b[^\\n]{0,60}?(?:${SECRET_FILES})`,
    'high',
  ),
  rule(
    'decoding-and-obeying',
    'decode ',
    `${GAP}\\b(?:and|then)\\b (?:then )?(?:execute|run|follow|obey|eval|perform|carry out)`,
    'high',
  ),
  rule(
    'shadowing-a-tool',
    'instead of the | instead of using the | whenever the | when the | any time the | every time the',
    ' [`\'"]?[a-z0-9_.-]{2,40}[`\'"]? (?:tool|function) (?:is (?:called|used|invoked)|you (?:must|should)|always|and)\\b',
    'medium',
  ),
  rule(
    'shadowing-a-tool',
    'always include | always add | always send | always bcc | always call | always forward | always append | always pass',
    `\\b${GAP}\\b(?:environment variables?|conversation|chat history|previous messages?|credentials?|tool|system prompt|api keys?|full context|secrets?|tokens?|bcc|copy to)\\b`,
    'high',
  ),
  rule(
    'new-instructions',
    'updated instructions | new directive | new priority | priority directive | override directive | emergency directive | new orders | new priority instruction',
    '(?:[:.]| (?:is|are|from|directive|override|instruction)s?\\b)',
    'medium',
  ),
  rule(
    'running-a-command',
    'execute the following | run the following | execute this | run this | run: | execute:',
    '[^\\n]{0,60}(?:\\n {0,8}|[^\\n]{0,60})(?:curl|wget|nc|bash|powershell)\\b[^\\n]{0,160}(?:\\$\\(|`|\\| ?base64|/etc/(?:passwd|shadow)|\\.ssh|\\$\\{?[a-z_]{3,})',
    'high',
  ),
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

const openings: readonly Rule[] = rules.flatMap((rule) => rule.openings.map(() => rule));
const finder = new AnchorFinder(
  rules.flatMap((rule) => rule.openings),
  true,
);
