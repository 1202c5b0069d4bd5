import type { Detector, Finding } from './detector.ts';
import { AnchorFinder } from './find-anchors.ts';

/**
 * Credentials by their rough shape, for what is about to leave: an issuer's prefix and something long enough after it,
 * a password or token with its name, a bearer token, a private key's first line, the variables of a process. Samples of
 * manuals count too: whether a key is real cannot be seen, and nothing is lost when a sample stays.
 */
export const secretShapes: Detector = {
  name: 'secret-shapes',
  detect(text) {
    const found: Finding[] = [];
    const add = (kind: string, start: number, end: number, confidence: Finding['confidence'] = 'high') => {
      if (found.length < MAX_FINDINGS)
        found.push({ detector: 'secret-shapes', kind, start, end, severity: 'high', confidence });
    };
    for (const [index, places] of finder.find(text)) {
      const shape = anchors[index]?.shape;
      if (!shape) continue;
      let readTo = 0;
      for (const at of places) {
        if (at < readTo) continue; // inside what was read already
        if (!shape.anywhere && /[A-Za-z0-9]/.test(text.charAt(at - 1))) continue;
        shape.pattern.lastIndex = at;
        const match = shape.pattern.exec(text);
        readTo = at + (match?.[0].length ?? 0);
        if (match && (shape.isReal?.(match) ?? true)) add(shape.kind, at, at + match[0].length, shape.confidence);
        if (found.length >= MAX_FINDINGS) return found;
      }
    }
    const dump = findEnvironment(text);
    if (dump) add('environment-dump', dump.start, dump.end);
    return found.sort((a, b) => a.start - b.start || b.end - a.end);
  },
};

const MAX_FINDINGS = 200;

interface Shape {
  readonly kind: string;
  /** In small letters; found in any case, then the pattern decides. */
  readonly anchors: readonly string[];
  readonly pattern: RegExp;
  readonly confidence: Finding['confidence'];
  readonly anywhere?: true;
  readonly isReal?: (match: RegExpExecArray) => boolean;
}

/** Of each issuer's formats: how it begins (in small letters), the prefix, then at least this many characters of a key. */
const ISSUERS: readonly (readonly [
  kind: string,
  anchors: string,
  prefix: string,
  characters: string,
  least: number,
])[] = [
  ['aws-access-key-id', 'akia asia', 'A[KS]IA', '[A-Z0-9]', 16],
  ['github-token', 'ghp_ gho_ ghu_ ghs_ ghr_', 'gh[pousr]_', '[A-Za-z0-9_]', 20],
  ['github-token', 'github_pat_', 'github_pat_', '[A-Za-z0-9_]', 20],
  ['gitlab-token', 'glpat- gldt- glrt- glcbt- glptt- glsoat- glft-', 'gl[a-z]{2,4}-', '[A-Za-z0-9_.-]', 16],
  ['slack-token', 'xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-', '(?:xox[a-z]|xapp)-', '[A-Za-z0-9-]', 16],
  ['stripe-key', 'sk_live_ sk_test_ rk_live_ rk_test_ whsec_', '(?:[rs]k_(?:live|test)|whsec)_', '[A-Za-z0-9_]', 16],
  ['google-api-key', 'aiza', 'AIza', '[A-Za-z0-9_-]', 30],
  ['google-oauth-secret', 'gocspx- ya29.', '(?:GOCSPX-|ya29\\.)', '[A-Za-z0-9_-]', 20],
  ['anthropic-key', 'sk-ant-', 'sk-ant-', '[A-Za-z0-9_-]', 12],
  ['openai-key', 'sk-proj- sk-svcacct- sk-admin-', 'sk-(?:proj|svcacct|admin)-', '[A-Za-z0-9_-]', 16],
  ['openai-key', 'sk-', 'sk-', '(?=[A-Za-z]*\\d)[A-Za-z0-9]', 32],
  ['npm-token', 'npm_', 'npm_', '[A-Za-z0-9]', 30],
  ['pypi-token', 'pypi-', 'pypi-', '[A-Za-z0-9_-]', 40],
  ['sendgrid-key', 'sg.', 'SG\\.', '[A-Za-z0-9_-]{8,64}\\.[A-Za-z0-9_-]', 16],
  ['hugging-face-token', 'hf_', 'hf_', '[A-Za-z0-9]', 24],
  ['digitalocean-token', 'doo_v1_ dop_v1_ dor_v1_', 'do[opr]_v1_', '[0-9a-f]', 40],
  ['shopify-token', 'shpat_ shpca_ shppa_ shpss_', 'shp[a-z]{2}_', '[0-9a-fA-F]', 24],
  ['telegram-token', '/bot', '/bot\\d{8,10}:', '[A-Za-z0-9_-]', 30],
  ['vault-token', 'hvs. hvb.', 'hv[sb]\\.', '[A-Za-z0-9_-]', 20],
  ['databricks-token', 'dapi', 'dapi', '[0-9a-f]', 28],
  ['square-token', 'sq0atp- sq0csp- sq0idp-', 'sq0[a-z]{3}-', '[A-Za-z0-9_-]', 20],
  ['mailgun-key', 'key-', 'key-', '[0-9a-f]', 32],
  ['json-web-token', 'eyj', 'eyJ', '[A-Za-z0-9_-]{8,2000}\\.eyJ[A-Za-z0-9_-]', 8],
];

const SENSITIVE =
  'pass(?:word|wd|phrase)?|pwd|secret|api[_-]?key|apikey|access[_-]?key|secret[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token|refresh[_-]?token|api[_-]?token|token|credentials?';
const VALUE = '(?:"([^"\\n]{6,200})"|\'([^\'\\n]{6,200})\'|([^\\s"\',;&<>(){}]{6,200}))';

const shapes: readonly Shape[] = [
  ...ISSUERS.map(
    ([kind, begins, prefix, characters, least]): Shape => ({
      kind,
      anchors: begins.split(' '),
      pattern: new RegExp(`${prefix}${characters}{${least},512}`, 'y'),
      confidence: 'high',
    }),
  ),
  {
    kind: 'private-key',
    anchors: ['-----begin '],
    pattern: /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----\s{0,4}(?:\\n)?[A-Za-z0-9+/=:\s]{8,64}/y,
    confidence: 'high',
    anywhere: true,
  },
  {
    kind: 'named-secret',
    anchors: [
      'pass',
      'pwd',
      'secret',
      'api_key',
      'api-key',
      'apikey',
      'access_key',
      'access-key',
      'private_key',
      'private-key',
      'token',
      'credential',
      'auth_token',
      'access_token',
      'api_token',
      'client_secret',
      'refresh_token',
    ],
    pattern: new RegExp(`(?:${SENSITIVE})["']?\\s{0,4}(?:=|:|=>| is )\\s{0,4}${VALUE}`, 'iy'),
    confidence: 'medium',
    anywhere: true,
    isReal: (match) => isSecretValue(match[1] ?? match[2] ?? match[3] ?? ''),
  },
  {
    kind: 'bearer-token',
    anchors: ['bearer '],
    pattern: /bearer {1,2}[A-Za-z0-9_.~+/-]{16,4000}={0,2}/iy,
    confidence: 'medium',
    isReal: (match) => isSecretValue(match[0].slice(7).trim()),
  },
  {
    kind: 'url-password',
    anchors: ['://'],
    pattern: /:\/\/[^\s:/@?#"'<>]{0,64}:([^\s/@?#"'<>]{3,128})@[A-Za-z0-9.[-]/y,
    confidence: 'medium',
    anywhere: true,
  },
];

/** Not a placeholder, not a word: something that a person or a generator chose to be hard to guess. */
function isSecretValue(value: string): boolean {
  if (
    /^(?:\$|<|\{|%|\*{2}|x{3}|\.{3}|null|none|true|false|undefined|your|my[_-]|change|process\.|os\.|env\b|redacted|\[)/i.test(
      value,
    )
  ) {
    return false;
  }
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((one) => one.test(value)).length;
  if (/^[a-z_.-]+$/i.test(value) && classes < 3) return false; // words, however joined
  return value.length >= 16
    ? classes >= 2 || entropyOf(value) > 3
    : classes >= 3 || (classes === 2 && /\d/.test(value) && value.length >= 8);
}

/** Bits a character, by how often each occurs in the text itself. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Several lines that set variables, one of them with a name that tells of a secret. */
function findEnvironment(text: string): { readonly start: number; readonly end: number } | undefined {
  if (!text.includes('=')) return undefined;
  let start = -1;
  let end = -1;
  let lines = 0;
  let isTelling = false;
  for (const match of text.matchAll(/^(?:export )?([A-Z][A-Z0-9_]{1,60})=(\S.{0,400})?$/gm)) {
    if (start < 0 || match.index > end + 200) {
      start = match.index;
      lines = 0;
      isTelling = false;
    }
    lines += 1;
    isTelling ||=
      /KEY|SECRET|TOKEN|PASS|CREDENTIAL|DATABASE_URL|DSN/.test(match[1] ?? '') && (match[2] ?? '').length > 5;
    end = match.index + match[0].length;
    if (lines >= 3 && isTelling) return { start, end };
  }
  return undefined;
}

const anchors = shapes.flatMap((shape) => shape.anchors.map((anchor) => ({ anchor, shape })));
const finder = new AnchorFinder(
  anchors.map(({ anchor }) => anchor),
  true,
);
