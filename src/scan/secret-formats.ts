/** How the secrets of one issuer are written. */
export interface SecretFormat {
  readonly kind: string;
  /** Literals one of which begins every secret of this format: nothing is matched where none of them stands. */
  readonly anchors: readonly string[];
  /**
   * Matched at an anchor (sticky). Every repetition is bounded, so a match costs the same however long the text is;
   * a group named `secret`, where there is one, is the part to take out.
   */
  readonly pattern: RegExp;
  readonly severity: 'medium' | 'high';
  /** A check that a chance match is unlikely to pass. */
  readonly isPlausible?: (secret: string) => boolean;
  /** The anchor is unlike any word, so it counts in the middle of one as well. */
  readonly anywhere?: true;
}

/** Line ends, as they are or as JSON writes them. */
const BREAK = '(?:\\s|\\\\[rn]){0,8}';
/** A key ends where a word ends, or where the next one begins: two may be written without anything between them. */
const key = (prefix: string, body: string) => new RegExp(`${prefix}${body}(?=${prefix}|(?![A-Za-z0-9_]))`, 'dy');

export const secretFormats: readonly SecretFormat[] = [
  {
    kind: 'aws-access-key-id',
    anchors: ['AKIA', 'ASIA'],
    pattern: key('A[KS]IA', '[A-Z2-7]{16}'),
    severity: 'high',
    isPlausible: (secret) => !secret.endsWith('EXAMPLE'), // the one of the manuals
  },
  {
    kind: 'aws-secret-access-key',
    anchors: ['aws_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'SecretAccessKey', 'secretAccessKey'],
    pattern: /[A-Za-z_]{15,21}["']?\s{0,4}[:=]\s{0,4}["']?(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/dy,
    severity: 'high',
    isPlausible: (secret) => isVaried(secret) && !secret.endsWith('EXAMPLEKEY'),
    anywhere: true,
  },
  {
    kind: 'github-token',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: key('gh[pousr]_', '[A-Za-z0-9]{36,251}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'github-token',
    anchors: ['github_pat_'],
    pattern: key('github_pat_', '[A-Za-z0-9]{22}_[A-Za-z0-9]{59}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'gitlab-token',
    anchors: ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glsoat-', 'glft-'],
    pattern: key('gl[a-z]{2,4}-', '[A-Za-z0-9_.-]{20,128}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'slack-token',
    anchors: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxe-', 'xoxr-', 'xoxs-', 'xoxo-', 'xapp-'],
    pattern: key('x(?:ox[a-z]|app)-', '(?=[A-Za-z-]{0,40}[0-9])[A-Za-z0-9-]{18,255}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'slack-webhook',
    anchors: ['hooks.slack.com/services/'],
    pattern: /hooks\.slack\.com\/services\/(?<secret>T[A-Z0-9]{6,14}\/B[A-Z0-9]{6,14}\/[A-Za-z0-9]{20,32})/dy,
    severity: 'high',
    anywhere: true,
  },
  {
    kind: 'stripe-key',
    anchors: ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_', 'whsec_'],
    pattern: key('(?:[rs]k_(?:live|test)|whsec)_', '[A-Za-z0-9]{24,247}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'google-api-key',
    anchors: ['AIza'],
    pattern: /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/dy,
    severity: 'high',
    isPlausible: isVaried,
  },
  {
    kind: 'google-oauth-secret',
    anchors: ['GOCSPX-', 'ya29.'],
    pattern: /(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{40,2000})(?![A-Za-z0-9_-])/dy,
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'anthropic-key',
    anchors: ['sk-ant-'],
    pattern: key('sk-ant-[a-z]{3,5}[0-9]{2}-', '[A-Za-z0-9_-]{32,200}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'openai-key',
    anchors: ['sk-'],
    pattern: key(
      'sk-',
      '(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{40,255}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})',
    ),
    severity: 'high',
    isPlausible: isVaried,
  },
  {
    kind: 'npm-token',
    anchors: ['npm_'],
    pattern: key('npm_', '[A-Za-z0-9]{36}'),
    severity: 'high',
    isPlausible: isVaried,
    anywhere: true,
  },
  {
    kind: 'pypi-token',
    anchors: ['pypi-AgEIcHlwaS5vcmc'],
    pattern: key('pypi-AgEIcHlwaS5vcmc', '[A-Za-z0-9_-]{40,255}'),
    severity: 'high',
    anywhere: true,
  },
  {
    kind: 'sendgrid-key',
    anchors: ['SG.'],
    pattern: /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/dy,
    severity: 'high',
    isPlausible: isVaried,
  },
  {
    kind: 'json-web-token',
    // `{"` and the first letters of the members a header may begin with: alg, typ, kid, enc, cty, jku, jwk, x5…, b64.
    anchors: ['eyJhbGci', 'eyJ0eXAi', 'eyJraWQi', 'eyJlbmMi', 'eyJjdHki', 'eyJqa3Ui', 'eyJqd2si', 'eyJ4NX', 'eyJiNjQi'],
    pattern: /eyJ[A-Za-z0-9_-]{8,600}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,1000}/dy,
    severity: 'high',
    isPlausible: isTokenHeader,
  },
  {
    // Up to its end, or as far as the key goes when the end is cut off.
    kind: 'private-key',
    anchors: ['-----BEGIN '],
    pattern: new RegExp(
      '-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----' +
        `(?:${BREAK}[A-Za-z-]{3,20}: [^\\n\\\\]{1,100}){0,4}` + // headers of an encrypted one
        `(?:${BREAK}[A-Za-z0-9+/=]{16,4096}){1,400}(?:${BREAK}[A-Za-z0-9+/=]{1,15}(?![A-Za-z0-9+/=]))?` +
        `(?:${BREAK}-----END [A-Z0-9 ]{0,40}-----)?`,
      'dy',
    ),
    severity: 'high',
    anywhere: true,
  },
  {
    kind: 'url-password',
    anchors: ['://'],
    pattern: /:\/\/[^\s:/@?#"'<>]{1,64}:(?<secret>[^\s:/@?#"'<>]{4,128})@[A-Za-z0-9.[-]/dy,
    severity: 'medium',
    isPlausible: (secret) =>
      !/^(?:\*+|x+|password|passwd|pass|secret|token|changeme|\$\{?\w+\}?|\{\w+\})$/i.test(secret),
    anywhere: true,
  },
];

/** Enough different characters that it is not a row of `x` somebody wrote to stand for a key. */
function isVaried(secret: string): boolean {
  const body = secret.slice(-32);
  if (/example|placeholder|your[_-]?(?:api|token|key)|x{6}|0{10}|1234567890abcdef/i.test(secret)) return false;
  return new Set(body).size >= 10;
}

function isTokenHeader(token: string): boolean {
  const header = token.slice(0, token.indexOf('.')).replaceAll('-', '+').replaceAll('_', '/');
  try {
    const parsed: unknown = JSON.parse(atob(header));
    return typeof parsed === 'object' && parsed !== null && 'alg' in parsed;
  } catch {
    return false;
  }
}
